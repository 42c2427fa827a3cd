"""Pictures of an observation as each vendor wants them: base64, read from the run's store."""

import base64
from collections.abc import Callable, Iterator

from pydantic import JsonValue

from swe_agent.core.messages import Image, Observation

Look = Callable[[str], bytes]
"""A picture's bytes by its hash."""


def _encoded(image: Image, look: Look) -> str:
    return base64.b64encode(look(image.blob)).decode("ascii")


def anthropic_blocks(observation: Observation, look: Look) -> Iterator[dict[str, JsonValue]]:
    """Content blocks of a tool's result."""
    for image in observation.images:
        yield {
            "type": "image",
            "source": {
                "type": "base64",
                "media_type": image.media_type,
                "data": _encoded(image, look),
            },
        }


def addresses(observation: Observation, look: Look) -> Iterator[str]:
    """The same as `data:` addresses."""
    for image in observation.images:
        yield f"data:{image.media_type};base64,{_encoded(image, look)}"
