"""The story of one run: take the repository in, prepare, prove that the tests run, attempt, prove
the patch."""

import os
from collections.abc import Callable, Mapping
from contextlib import closing, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Thread

from swe_agent import __version__
from swe_agent.aci.permissions import Human
from swe_agent.agent.attempt import Attempt
from swe_agent.agent.kit import Kit
from swe_agent.agent.lookout import Lookout
from swe_agent.agent.minds import Minds
from swe_agent.agent.opened import (
    BASELINE_ROUNDS,
    Company,
    OpenRun,
    finished_result,
    no_issue,
)
from swe_agent.agent.reflect import salvage
from swe_agent.agent.servers import Answers, Servers, answers_of
from swe_agent.agent.shared import Shared
from swe_agent.agent.spending import purse_of
from swe_agent.assemble import minds_of, route_of, sandboxes_of, strategy_named
from swe_agent.context.pictures import Sources, illustrated
from swe_agent.core.errors import Interrupted, LimitReached, SweAgentError, UsageFault
from swe_agent.core.events import (
    Checkpoint,
    EnvironmentReady,
    HumanSaid,
    PhaseStarted,
    RunFinished,
    RunStarted,
)
from swe_agent.core.images import LARGEST_BYTES
from swe_agent.core.messages import Note
from swe_agent.core.protocols import Sandbox, Watcher
from swe_agent.core.result import RunResult
from swe_agent.core.task import Picture, Task
from swe_agent.models.purse import Purse
from swe_agent.models.registry import default_model
from swe_agent.models.replay import recording_of
from swe_agent.provision import Provision, Wanted, again, provision, record_consent
from swe_agent.runtime.download import download
from swe_agent.runtime.environment import Prepared
from swe_agent.runtime.gitdir import forget_git
from swe_agent.runtime.origins import Origin, WorkTree
from swe_agent.runtime.patience import Made, patiently
from swe_agent.runtime.repository import find_root
from swe_agent.runtime.sandboxes import Sandboxes
from swe_agent.runtime.store import TreeStore, damaged
from swe_agent.runtime.supply import Supply
from swe_agent.settings.address import secrets_in
from swe_agent.settings.keys import api_key
from swe_agent.settings.load import Loaded, with_address
from swe_agent.settings.prompts import prompt
from swe_agent.settings.registries import passed_on
from swe_agent.settings.schema import McpServer, Settings
from swe_agent.trajectory.log import read_log
from swe_agent.trajectory.replayed import events_of, require_own
from swe_agent.verify.compare import guards_of
from swe_agent.verify.verdict import ProvingGround, targets_of


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What a run is asked for."""

    repository: Path | Origin
    """A folder of the user's repository, or where else it comes from."""
    issue: str
    """Empty: make the failing tests pass."""
    settings: Loaded
    run_folder: Path
    beside: Path | None = None
    """The folder of the file that the issue was read from, for its pictures."""
    pictures: tuple[str, ...] = ()
    """Paths or addresses of pictures that belong to the issue beside those in its text."""
    say: Callable[[str], None] = lambda _: None
    """Told of waits and pulls, a line each."""
    human: Human | None = None
    listen: Callable[[str], None] | None = None
    """Hears the model's text as it comes in; for the eye alone."""
    total: Purse | None = None
    """What this run may spend together with others; None: its own limits alone hold."""
    shared: Shared | None = None
    """What this run has in common with others of the process; None: nothing."""
    has_targets: bool = True
    """Whether all that fails under the given test commands is to be fixed."""

    @property
    def company(self) -> Company:
        """Who the run has to do with."""
        return Company(self.say, self.human, self.listen, self.total, self.shared)


def solve(request: RunRequest, watch: Watcher) -> RunResult:
    """Solve one issue; the run's folder holds all that it came to.

    Raises:
        SweAgentError: it could not begin, or stopped on the way (`resume` goes on).
    """
    settings = request.settings.settings
    strategy_named(settings.strategy)
    spec, _ = default_model(settings, api_key)
    minds = _minds(spec, settings, request.company)
    origin = request.repository
    if isinstance(origin, Path):
        origin = WorkTree(find_root(origin), settings.sandbox.include)
    secrets = secrets_in(settings.models.base_url)
    with OpenRun(request.run_folder, watch, request.company, secrets) as run:
        taken = origin.taken(run.store)
        for remark in taken.remarks():
            request.say(remark)
        record_consent(request.settings, run.store.reader(taken.tree))
        issue, pictures = _illustrated(request, run.store, taken.tree)
        task = Task(
            id=request.run_folder.name,
            issue=issue,
            pictures=pictures,
            repository=taken.repository,
            test_commands=settings.tests.commands if request.has_targets else (),
        )
        run.store.flush()
        run.append(
            RunStarted(
                run_id=request.run_folder.name,
                version=__version__,
                task=task,
                model=spec,
                strategy=settings.strategy,
                base_tree=taken.tree,
                head=taken.head,
                version_tag=taken.version_tag,
                left_behind=taken.left_behind,
                settings=settings.model_dump(mode="json"),
            )
        )
        run.keep("task.json", task.model_dump_json(indent=2))
        run.keep("settings.json", settings.model_dump_json(indent=2))
        return _go_on(run, minds)


def _illustrated(
    request: RunRequest, store: TreeStore, tree: str
) -> tuple[str, tuple[Picture, ...]]:
    """The issue and its pictures, from where the settings allow them to come."""
    hosts = request.settings.settings.context.picture_hosts
    sources = Sources(
        store.reader(tree),
        lambda address: download(address, hosts, LARGEST_BYTES),
        request.beside,
        request.pictures,
    )
    issue, pictures = illustrated(request.issue or no_issue(), sources, store)
    for picture in pictures:
        if picture.why:
            request.say(f"The issue's picture {picture.name} is not shown: {picture.why}")
    return issue, pictures


def resume(
    run_folder: Path, watch: Watcher, issue: str = "", company: Company | None = None
) -> RunResult:
    """Go on with a run where it stopped; with an issue, go on with a finished one.

    Raises:
        UsageFault: there is no such run, or it is at work now.
        SweAgentError: it stopped again.
    """
    events = [line.event for line in read_log(run_folder / "events.jsonl")]
    started = next((event for event in events if isinstance(event, RunStarted)), None)
    if started is None:
        raise UsageFault(f"the run {run_folder.name} never began", "start it anew: `swe-agent run`")
    if isinstance(events[-1], RunFinished) and not issue:
        return finished_result(run_folder, events)
    require_own(started, run_folder.name)
    company = company or Company()
    settings = with_address(Settings.model_validate(started.settings), company.base_url)
    minds = _minds(started.model, settings, company)
    with OpenRun(run_folder, watch, company, secrets_in(settings.models.base_url)) as run:
        for event in events:
            run.state.apply(event)
        _require_stored(run)
        if issue:
            run.append(HumanSaid(note=Note(kind="human", text=prompt("resumed", text=issue))))
            run.append(PhaseStarted(phase="edit", iteration=max(1, run.state.iteration)))
        return _go_on(run, minds)


def _minds(spec: str, settings: Settings, company: Company) -> Minds:
    """The run's models, warmed up behind its back. Of many runs the first alone goes on meanwhile:
    the others would only take the interpreter from what they wait for at their first request."""
    minds, shared = minds_of(spec, settings, company.say), company.shared
    warming = Thread(target=minds.warm_up, name="warm-up", daemon=True)
    warming.start()
    if shared and not shared.is_first():
        warming.join()
    return minds


def _require_stored(run: OpenRun) -> None:
    """
    Raises:
        UsageFault: the store lacks the tree that the run began with, or its last one.
    """
    last = run.state.checkpoint
    try:
        for tree in (run.started.base_tree, last.tree if last else ""):
            if tree:
                run.store.reader(tree)
    except KeyError as missing:
        raise damaged(run.folder.name, missing.args[0][:12]) from missing


def _go_on(run: OpenRun, minds: Minds) -> RunResult:
    """From wherever the run's state stands to the end.

    Raises:
        Interrupted: stopped by the user; all is saved.
        SweAgentError: it stopped and can be resumed; `result.json` says why.
    """
    started = run.started
    run.patience.begin(run.settings.engine.away_timeout_s)
    try:
        shared, folder = run.company.shared, run.folder / "checkpoints"
        engine, crew = (shared.engine, shared.crew) if shared else (None, None)
        sandboxes = sandboxes_of(run.settings, run.store, started.run_id, folder, engine)
        sandboxes.version_tag = started.version_tag
        lookout = _lookout(run)
        prepared = _prepared(run, sandboxes)
        rounds = BASELINE_ROUNDS - len(run.state.baseline)
        proof = bool(run.environment.test_commands)  # opened while the attempt works
        later = (not run.state.is_over) + proof
        make = partial(sandboxes.open, prepared)
        with Supply(make, prepared.tree, rounds + later, crew) as supply:
            place = _Place(run, supply, lookout)
            place.examine()
            ground = place.ground()
            run.prove_base(ground)
            supply.expect(later)  # rounds of base that are shared may have been there already
            place.attempt(minds)
            result = run.finish(ground)
        forget_git(folder)
    except KeyboardInterrupt as stop:
        raise Interrupted(
            "Stopped; all work so far is saved.", f"`swe-agent resume {started.run_id}` goes on."
        ) from stop
    except SweAgentError as fault:
        run.stopped(fault)
        raise
    return result


def _prepared(run: OpenRun, sandboxes: Sandboxes) -> Prepared:
    """The environment: made now, or found again on resume."""
    known = run.state.environment
    if known is not None and (found := again(known, sandboxes)):
        return found
    made = _provision(run, sandboxes)
    if known is None:
        run.store.flush()
        run.append(
            EnvironmentReady(
                sandbox=sandboxes.kind,
                image=made.prepared.image,
                profile=made.profile,
                root=made.root,
                shell=made.shell,
                test_commands=made.commands,
                checkpoint=Checkpoint(tree=made.prepared.tree),
                ignored=made.prepared.ignored,
            )
        )
    return made.prepared


def _provision(run: OpenRun, sandboxes: Sandboxes) -> Provision:
    """The environment, made now, or for an earlier run with the same tree and settings."""
    tree, settings = run.started.base_tree, run.settings
    reader, keys = run.store.reader(tree), passed_on(os.environ)
    shared, head = run.company.shared, run.started.head

    def examine(image: str, sandbox: Sandbox) -> None:
        if shared and shared.examine:
            shared.examine(image, head, lambda: nullcontext(sandbox))

    def make() -> Provision:
        wanted = Wanted(settings, tree, reader, run.company.say, keys, examine)
        return provision(wanted, sandboxes)

    if shared is None:
        return make()
    wanted = f"{settings.sandbox.model_dump_json()} {settings.tests.model_dump_json()}"
    made = shared.once((tree, wanted, run.started.version_tag), make)
    # What set-up changed in the tree lies in the store of the run that made it.
    return made if made.prepared.tree == tree else make()


def _lookout(run: OpenRun) -> Lookout | None:
    """A look for what the issue is about, where a model that reads has still to plan."""
    context, started = run.settings.context, run.started
    tokens, documents = context.outlook_tokens, context.documents_tokens
    if (tokens is None and documents is None) or run.state.phase or started.model == "offline":
        return None
    return Lookout(run.store.reader(started.base_tree), started.task.issue, tokens, documents)


def _servers_of(run: OpenRun) -> Mapping[str, McpServer]:
    """The MCP servers of a run; the offline model asks none."""
    return {} if run.started.model == "offline" else run.settings.tools.mcp


def _answers_for(run: OpenRun) -> Answers | None:
    """What MCP servers answered in the run that this one replays; None where it replays none."""
    recorded = recording_of(run.started.model)
    return answers_of(events_of(recorded[0])) if recorded and run.state.listed else None


@dataclass(frozen=True, slots=True)
class _Place:
    """A run with its environment ready."""

    run: OpenRun
    supply: Supply
    lookout: Lookout | None = None

    def examine(self) -> None:
        """Have the environment looked into, where somebody wants to, before anything is paid."""
        shared, environment = self.run.company.shared, self.run.environment
        if shared and shared.examine:
            shared.examine(
                environment.image, self.run.started.head, lambda: self._patiently(self.supply.peek)
            )

    def ground(self) -> ProvingGround:
        """Where trees are tested."""
        run = self.run
        return ProvingGround(
            run.store,
            lambda tree: self._patiently(lambda: self.supply.fresh(tree)),
            run.environment.test_commands,
            run.settings.tests.timeout_s,
            run.outputs,
        )

    def attempt(self, minds: Minds) -> None:
        """Spend the attempt, unless it is over; a limit ends it without a fault."""
        state = self.run.state
        if state.is_over:
            return
        with self.run.turn(), closing(Servers(_servers_of(self.run))) as servers:
            kit = self._kit(minds, servers)
            attempt = Attempt(kit, state)
            self.supply.hurry()
            try:
                strategy_named(self.run.started.strategy)(attempt)
            except LimitReached:
                if not state.limit and not state.steps:  # refused by the budget of all: not begun
                    raise
                salvage(attempt)
            except KeyboardInterrupt:
                self.run.patience.give_up()
                raise
            finally:
                attempt.close()

    def _kit(self, minds: Minds, servers: Servers) -> Kit:
        run, settings, state = self.run, self.run.settings, self.run.state
        servers.write_down(state.listed, run.append, run.company.say)
        outside = servers.tools(state.listed, _answers_for(run))
        _, targets = targets_of(state.baseline, run.aims())
        return Kit(
            minds=minds,
            route=route_of(settings, run.outputs, run.company.human, outside),
            store=run.store,
            outputs=run.outputs,
            log=run.log,
            patience=run.patience,
            settings=settings,
            open_sandbox=lambda at: self._patiently(lambda: self.supply.open(at)),
            close_sandbox=self.supply.take_back,
            folder=run.folder,
            targets=frozenset(targets),
            guards=guards_of(state.baseline),
            deadline=run.began + settings.limits.max_time_s,
            purse=purse_of(settings, state, run.company.total),
            lookout=self.lookout,
            listen=run.company.listen,
        )

    def _patiently(self, make: Callable[[], Made]) -> Made:
        return patiently(make, self.run.settings.engine.away_timeout_s, self.run.company.say)
