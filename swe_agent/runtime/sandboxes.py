"""What makes the sandboxes of a run, whatever they are made of; and which kind a run gets."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from swe_agent.core.errors import EnvironmentFault, UsageFault
from swe_agent.core.events import Checkpoint
from swe_agent.core.protocols import Sandbox
from swe_agent.runtime.box import Limits
from swe_agent.runtime.bubblewrap import Plan, bubblewrap_program, start_bubblewrap
from swe_agent.runtime.containerfile import Containerfile
from swe_agent.runtime.engine import connect
from swe_agent.runtime.engineless import EnginelessSandboxes
from swe_agent.runtime.environment import DockerSandboxes, Prepared
from swe_agent.runtime.setup import SetUp
from swe_agent.runtime.versions import Version
from swe_agent.settings.egress import egress_of

Kind = Literal["docker", "bubblewrap", "none"]
_KNOCK_TIMEOUT_S = 20.0


class Sandboxes(Protocol):
    """Makes the sandboxes of one run; a backend without images has none to look for."""

    version_tag: str
    """Nearest version tag of the user's repository: on the one commit of the sandboxes' own."""

    @property
    def kind(self) -> Kind: ...

    def has_image(self, name: str) -> bool: ...

    def pull(self, image: str, timeout_s: float) -> None: ...

    def pythons(self) -> Mapping[Version, str]: ...

    def own_image(
        self, found: Containerfile, tree: str, proxies: Mapping[str, str] | None
    ) -> str: ...

    def prepare(self, setup: SetUp, tree: str) -> Prepared: ...

    def open(self, prepared: Prepared, checkpoint: Checkpoint) -> Sandbox: ...

    def fresh(self, prepared: Prepared, tree: str) -> AbstractContextManager[Sandbox]: ...


@dataclass(frozen=True, slots=True)
class Choice:
    """A kind of sandbox, and why it is this one where nobody asked for it."""

    kind: Kind
    why: str = ""


def choose_sandbox(asked: Kind | None, image: str | None) -> Choice:
    """What was asked for; else Docker; else bubblewrap. Never `none` unasked.

    Args:
        asked: the kind that the user named.
        image: the image that the user named; only Docker has any.

    Raises:
        UsageFault: an image is named for a kind without images.
        EnvironmentFault: nobody asked, and neither works here; the next step says what to install.
    """
    if asked in ("bubblewrap", "none") and image:
        raise UsageFault(
            f"The sandbox {asked} has no images, and {image} is named.",
            "Leave --image out, or use --sandbox docker.",
        )
    if asked is not None:
        return Choice(asked)
    try:
        connect(_KNOCK_TIMEOUT_S).close()
    except EnvironmentFault as fault:
        if image:
            raise
        return _without_engine(fault)
    return Choice("docker")


def require_enforceable(kind: Kind, policy: str) -> None:
    """
    Raises:
        UsageFault: a kind that cannot keep a network policy is asked to.
    """
    if kind == "none" and egress_of(policy).allowed:
        raise UsageFault(
            "Without a sandbox nothing can be kept from the network: --network allow: would "
            "promise what does not hold.",
            "Use --sandbox docker or bubblewrap, or --network on.",
        )


def check_bubblewrap() -> str:
    """Make a bubblewrap sandbox and take it away; returns the program that did it.

    Raises:
        EnvironmentFault: it does not work here.
    """
    with closing(start_bubblewrap(Plan(Limits()))):
        return bubblewrap_program()


def _without_engine(no_engine: EnvironmentFault) -> Choice:
    try:
        check_bubblewrap()
    except EnvironmentFault as fault:
        raise EnvironmentFault(
            f"There is no sandbox to run commands in. Docker: {no_engine.message} "
            f"bubblewrap: {fault.message}",
            f"Docker: {no_engine.next_step}\nOr bubblewrap: {fault.next_step}\n"
            "Or, for a repository that you trust as much as your own shell: --sandbox none.",
        ) from fault
    return Choice("bubblewrap", "no Docker engine answers")


if TYPE_CHECKING:
    _docker: type[Sandboxes] = DockerSandboxes
    _engineless: type[Sandboxes] = EnginelessSandboxes
