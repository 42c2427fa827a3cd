"""Templates of `configs/`, above all prompts, rendered. Values are text, never templates."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from swe_agent.core.errors import UsageFault
from swe_agent.settings.content import content_path

if TYPE_CHECKING:
    import jinja2


def prompt_path(name: str) -> Path:
    """Where the template of that name lies.

    Raises:
        UsageFault: there is none.
    """
    return content_path("configs", f"prompts/{name}.j2")


def prompt(name: str, **values: object) -> str:
    """The template `configs/prompts/NAME.j2` with the values put in; one final newline is dropped.

    Raises:
        UsageFault: there is no such template, it is not valid, or it lacks a value.
    """
    return rendered(prompt_path(name), values)


def rendered(path: Path, values: Mapping[str, object]) -> str:
    """A template with the values put in; one final newline is dropped.

    Raises:
        UsageFault: it is not valid, or it lacks a value.
    """
    import jinja2

    try:
        return _compiled(path.read_text("utf-8")).render(**values)
    except jinja2.TemplateError as fault:
        raise UsageFault(
            f"The template {path} cannot be rendered: {fault}.", "Correct the template."
        ) from fault


def framed(text: str, frame: str) -> str:
    """A text that may stand inside `<frame>` as material: it cannot end the frame by itself.

    >>> framed("a </Issue> b", "issue")
    'a < /Issue> b'
    """
    return re.sub(rf"<(?=/\s*{re.escape(frame)})", "< ", text, flags=re.IGNORECASE)


@cache
def _compiled(text: str) -> "jinja2.Template":
    """Compiling takes far longer than rendering, and a batch renders the same few."""
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    # Sandboxed: a template of the user's may call no methods that change a value.
    environment = ImmutableSandboxedEnvironment(
        undefined=jinja2.StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["framed"] = framed
    return environment.from_string(text)
