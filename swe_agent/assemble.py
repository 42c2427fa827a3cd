"""The composition root: alone names concrete classes. Heavy libraries are imported by what it
makes, when it is used."""

from collections.abc import Callable, Mapping
from pathlib import Path

from swe_agent.aci.load import load_tools
from swe_agent.aci.permissions import Human, Permissions
from swe_agent.aci.route import Route
from swe_agent.agent.attempt import Attempt
from swe_agent.core.errors import EnvironmentFault, UsageFault
from swe_agent.core.protocols import Model
from swe_agent.models.client import Waiting
from swe_agent.models.registry import client_of, spec_of
from swe_agent.repair.offline import OfflineModel
from swe_agent.runtime.box import Limits
from swe_agent.runtime.docker import inspect_image
from swe_agent.runtime.engine import connect
from swe_agent.runtime.environment import DockerSandboxes
from swe_agent.runtime.store import TreeStore
from swe_agent.settings.content import content_path, content_roots
from swe_agent.settings.keys import api_keys
from swe_agent.settings.schema import Settings
from swe_agent.strategies import react

BASE_IMAGE = "swe-agent-base:1"
"""What a container is made of where nothing else is said; `sandbox/ensure-engine` makes it."""

Say = Callable[[str], None]
STRATEGIES: Mapping[str, Callable[[Attempt], None]] = {"react": react.solve}


def strategy_named(name: str) -> Callable[[Attempt], None]:
    """The strategy of that name.

    Raises:
        UsageFault: there is none.
    """
    if name not in STRATEGIES:
        raise UsageFault(
            f"there is no strategy {name!r}", f"there is: {', '.join(sorted(STRATEGIES))}"
        )
    return STRATEGIES[name]


def model_named(spec: str, settings: Settings, say: Say) -> Model:
    """The model of a name, with transient faults waited out aloud, and those that stand in for it.

    Raises:
        UsageFault: unknown provider, bad script, or no key.
    """
    specs = (spec, *settings.models.fallbacks)
    more = {"offline": lambda _: OfflineModel()}
    return client_of(specs, settings, api_keys, more, Waiting(say=say))


def model_for(role: str, own: Model, settings: Settings, say: Say) -> Model:
    """The model of a role (planner, judge, summariser, ...): as the settings say, else the run's
    own.

    Raises:
        UsageFault: unknown provider, bad script, or no key.
    """
    spec = spec_of(role, settings)
    return model_named(spec, settings, say) if spec else own


def route_of(settings: Settings, store: TreeStore, human: Human | None) -> Route:
    """The tools that the settings name, behind the one route.

    Raises:
        UsageFault: a tool file cannot be loaded.
    """
    tools = load_tools(content_roots("tools"), settings.tools.names)
    return Route(tools, Permissions(settings.mode, human), store)


def sandboxes_of(
    settings: Settings, store: TreeStore, run_id: str, folder: Path
) -> DockerSandboxes:
    """What makes the run's sandboxes.

    Raises:
        UsageFault: the kind of sandbox is not built.
        EnvironmentFault: no engine answers.
    """
    if settings.sandbox.kind not in (None, "docker"):
        raise UsageFault(
            f"the sandbox {settings.sandbox.kind!r} is not available in this version",
            "use --sandbox docker",
        )
    limits = Limits(
        settings.sandbox.memory_mb,
        settings.sandbox.cpus,
        settings.sandbox.pids,
        settings.engine.start_timeout_s,
    )
    client = connect(settings.engine.start_timeout_s)
    return DockerSandboxes(client, store, run_id, limits, folder)


def ready_image(sandboxes: DockerSandboxes, settings: Settings, say: Say) -> str:
    """The image to use; one that was named and is not here is pulled.

    Raises:
        EnvironmentFault: it is not here and cannot be had.
    """
    name = settings.sandbox.image
    if name is None:
        try:
            inspect_image(sandboxes.client, BASE_IMAGE)
        except EnvironmentFault as fault:
            script = content_path("sandbox", "ensure-engine")
            raise EnvironmentFault(
                f"The base image {BASE_IMAGE} is not on this engine.",
                f"Run `{script}` once: it pulls a Python image (about 150 MB) or builds one, "
                "or name an image with --image.",
            ) from fault
        return BASE_IMAGE
    try:
        inspect_image(sandboxes.client, name)
    except EnvironmentFault:
        say(f"pulling the image {name}; this happens once")
        sandboxes.pull(name, settings.engine.pull_timeout_s)
    return name
