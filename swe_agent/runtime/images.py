"""The images that are ours: names, labels, and which Python each has."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from swe_agent.core.errors import EnvironmentFault
from swe_agent.runtime.versions import Version, allows, version_of
from swe_agent.settings.content import content_path

if TYPE_CHECKING:
    from docker import DockerClient

BASE_IMAGE = "swe-agent-base:1"
"""What a container is made of where nothing else is said; `sandbox/ensure-engine` makes it."""
PYTHON_IMAGES = "swe-agent-python"
"""`swe-agent-python:3.9` has Python 3.9; `sandbox/ensure-engine --python 3.9` makes it."""
SETUP_IMAGES = "swe-agent-env"
"""Images that set-up made."""
IMAGE_LABEL = "swe-agent.image"
"""On every image of ours: base, python, env or dockerfile."""


def python_images(client: "DockerClient") -> Mapping[Version, str]:
    """Images of ours by the Python that they have."""
    found: dict[Version, str] = {}
    for row in client.api.images(name=PYTHON_IMAGES):
        for tag in row.get("RepoTags") or []:
            version = version_of(tag.rpartition(":")[2])
            if version and tag.startswith(f"{PYTHON_IMAGES}:"):
                found[version] = tag
    return dict(sorted(found.items()))


def no_base_image() -> EnvironmentFault:
    """The base image is missing: what to do."""
    script = content_path("sandbox", "ensure-engine")
    return EnvironmentFault(
        f"The base image {BASE_IMAGE} is not on this engine.",
        f"Run `{script}` once: it pulls a Python image (about 150 MB) or builds one, "
        "or name an image with --image.",
    )


def no_python(wanted: str, found: str, *, has_images: bool = True) -> EnvironmentFault:
    """The Python that the project requires is missing: what to do."""
    script = content_path("sandbox", "ensure-engine")
    example = wanted_minor(wanted)
    if not has_images:
        return EnvironmentFault(
            f"The project requires Python {wanted}; this machine's `python3` is {found}.",
            f"Use --sandbox docker, after `{script} --python {example}`.",
        )
    return EnvironmentFault(
        f"The project requires Python {wanted}; the image has {found}.",
        f"Run `{script} --python {example}`, or name an image with --image.",
    )


def wanted_minor(specifier: str) -> str:
    """The allowed minor version that is nearest to the base image's; `X.Y` where none is.

    >>> [wanted_minor(one) for one in (">=3.6,<3.10", "==3.7.*", ">=3.14", ">=4")]
    ['3.9', '3.7', '3.14', 'X.Y']
    """
    known = sorted(((3, minor) for minor in range(5, 20)), key=lambda one: abs(one[1] - 11))
    return next((f"{a}.{b}" for a, b in known if allows(specifier, (a, b))), "X.Y")
