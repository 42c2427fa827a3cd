"""The composition root: alone names concrete classes. Heavy libraries are imported by what it
makes, when it is used."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from swe_agent.aci.load import load_tools
from swe_agent.aci.permissions import Human, Permissions, Rule
from swe_agent.aci.route import Route
from swe_agent.aci.shelf import SEARCH
from swe_agent.aci.tool import Tool
from swe_agent.agent.attempt import Attempt
from swe_agent.agent.minds import Mind, Minds, Terms
from swe_agent.context.economy import Rates
from swe_agent.context.tokens import Exact
from swe_agent.core.errors import UsageFault
from swe_agent.core.protocols import BlobStore, Model
from swe_agent.models.client import Waiting
from swe_agent.models.endpoint import Endpoint
from swe_agent.models.prices import PriceList
from swe_agent.models.probe import probed
from swe_agent.models.registry import HOSTED, OFFLINE, client_of, spec_of
from swe_agent.models.vocabulary import counter_of
from swe_agent.runtime.box import Limits
from swe_agent.runtime.engine import connect
from swe_agent.runtime.engineless import EnginelessSandboxes
from swe_agent.runtime.environment import DockerSandboxes
from swe_agent.runtime.image_box import ImageBox, require_work_tree
from swe_agent.runtime.reaping import reap
from swe_agent.runtime.recipe import recipe_for
from swe_agent.runtime.sandboxes import Sandboxes, choose_sandbox, require_enforceable
from swe_agent.runtime.store import TreeStore
from swe_agent.settings.content import content_roots
from swe_agent.settings.egress import egress_of
from swe_agent.settings.keys import api_key, api_keys, base_url_of
from swe_agent.settings.schema import Role, Settings
from swe_agent.strategies import react

if TYPE_CHECKING:
    from swe_agent.runtime.engine import Engine

USUAL_WINDOW_TOKENS = 128_000
"""A model's context window where the price list has none."""

NO_END_TOKENS = 10**12
"""Window of a model that runs here and pays for no token: what it is told is never folded, since
it goes by what it has tried."""

Outside = tuple[Sequence[Tool], Mapping[str, Rule]]
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
    return client_of(specs, settings, api_keys, {OFFLINE: _offline}, Waiting(say=say))


def _offline(_: object) -> Model:
    from swe_agent.repair.offline import OfflineModel  # 40 ms that no other model needs

    return OfflineModel()


def model_for(role: Role, own: Model, settings: Settings, say: Say) -> Model:
    """The model of a role: as the settings say, else the run's own.

    Raises:
        UsageFault: unknown provider, bad script, or no key.
    """
    spec = spec_of(role, settings)
    return model_named(spec, settings, say) if spec else own


def minds_of(spec: str, settings: Settings, say: Say) -> Minds:
    """The run's own model, and those of its roles.

    Raises:
        UsageFault: unknown provider, bad script, or no key.
    """
    own = model_named(spec, settings, say)

    def mind(model: Model, name: str) -> Mind:
        return Mind(model, lambda: Terms(*rates_of(name, settings), exact_of(name)))

    roles = {
        role: mind(model_for(role, own, settings, say), name)
        for role, name in settings.models.roles.items()
    }
    return Minds(mind(own, spec), roles)


def rates_of(spec: str, settings: Settings) -> tuple[Rates, int]:
    """What cached input costs the model, and its context window: as the settings say, else the
    endpoint, else the price list; the usual where nobody knows."""
    if spec == OFFLINE:
        return Rates(0.0, 0.0), NO_END_TOKENS
    provider, _, name = spec.partition("/")
    vendor = HOSTED.get(provider)
    url = base_url_of(vendor, settings.models.base_url) if vendor else None
    prices = PriceList(vendor, name, url) if vendor and name else None
    rates = prices.cache_rates() if prices else None
    window = settings.context.window_tokens
    if not window and vendor and url:
        window = probed(Endpoint(api_key(vendor), url), name).abilities.window_tokens
    window = window or (prices.window_tokens() if prices else None)
    return Rates(*rates) if rates else Rates(), window or USUAL_WINDOW_TOKENS


def exact_of(spec: str) -> Exact | None:
    """Counts by the model's own tokenizer, where it is on this machine."""
    provider, _, name = spec.partition("/")
    count = counter_of(name) if HOSTED.get(provider) == "openai" else None
    return Exact(count) if count else None


def route_of(
    settings: Settings, outputs: BlobStore, human: Human | None, outside: Outside = ((), {})
) -> Route:
    """The tools that the settings name, behind the one route.

    Args:
        settings: whose tools, and who approves.
        outputs: where whole outputs go.
        human: who is asked.
        outside: tools of MCP servers, and whether each may be called without asking.

    Raises:
        UsageFault: a tool file cannot be loaded.
    """
    more, rules = outside
    tools, shelf = tools_of(settings, more)
    return Route(tools, Permissions(settings.mode, human, rules), outputs, shelf)


def tools_of(
    settings: Settings, more: Sequence[Tool] = ()
) -> tuple[tuple[Tool, ...], tuple[str, ...]]:
    """All tools that the settings name and `more`, and the names of those that lie on the shelf at
    first.

    Raises:
        UsageFault: a tool file cannot be loaded.
    """
    names = settings.tools.names
    shelf = tuple(name for name in settings.tools.on_demand if name not in names)
    search = (SEARCH,) if shelf or more else ()
    tools = load_tools(content_roots("tools"), (*names, *search, *shelf))
    return (*tools, *more), (*shelf, *(tool.name for tool in more))


def sandboxes_of(
    settings: Settings,
    store: TreeStore,
    run_id: str,
    folder: Path,
    engine: "Engine | None" = None,
) -> Sandboxes:
    """What makes the run's sandboxes: as the settings say, else the best that works here.

    `engine` is the client that several runs share; None: one of its own.

    Raises:
        UsageFault: an image is named for a kind without images.
        EnvironmentFault: no engine answers, or nothing works here.
    """
    limits = limits_of(settings)
    kind = settings.sandbox.kind
    if kind is None or engine is None:
        kind = choose_sandbox(settings.sandbox.kind, settings.sandbox.image).kind
    require_enforceable(kind, settings.sandbox.network)
    if kind != "docker":
        return EnginelessSandboxes(kind, store, limits, folder)
    client = engine
    if client is None:
        client = connect(settings.engine.start_timeout_s)
        reap(client)
    return DockerSandboxes(client, store, run_id, limits, folder)


def limits_of(settings: Settings) -> Limits:
    """What every sandbox of a run may use."""
    egress = egress_of(settings.sandbox.network)
    return Limits(
        settings.sandbox.memory_mb,
        settings.sandbox.cpus,
        settings.sandbox.pids,
        settings.engine.start_timeout_s,
        network=egress.always,
        allow=egress.allowed,
        disk_mb=settings.sandbox.disk_mb,
    )


def image_box_of(settings: Settings, store: TreeStore, folder: Path, engine: "Engine") -> ImageBox:
    """The image that the settings name, as it stands, pulled where it is not here.

    Raises:
        EnvironmentFault: it cannot be had, or brings no repository.
    """
    image, limits = settings.sandbox.image or "", limits_of(settings)
    run_id = f"image-{secrets.token_hex(4)}"
    sandboxes = DockerSandboxes(engine, store, run_id, limits, folder)
    if not sandboxes.has_image(image):
        sandboxes.pull(image, settings.engine.pull_timeout_s)
    recipe = recipe_for(engine, image, run_id, limits)
    require_work_tree(recipe)
    return ImageBox(engine, recipe, store, folder)
