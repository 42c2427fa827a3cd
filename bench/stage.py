"""What the sandbox benchmarks stand on: an engine, a store, sandboxes, and a real attempt with its
log; all of it in a folder of its own that goes away.
"""

import random
import secrets
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from swe_agent.agent.attempt import Attempt
from swe_agent.agent.kit import Kit
from swe_agent.agent.minds import Mind, Minds
from swe_agent.agent.state import State
from swe_agent.assemble import route_of
from swe_agent.core.errors import SweAgentError
from swe_agent.core.events import Checkpoint, EnvironmentReady, ModelReplied
from swe_agent.core.messages import Observation, ToolCall, Turn
from swe_agent.core.protocols import Entry, Prompt
from swe_agent.runtime.box import Limits
from swe_agent.runtime.engine import connect
from swe_agent.runtime.environment import DockerSandboxes, Prepared
from swe_agent.runtime.recipe import RUN_LABEL, inspect_image
from swe_agent.runtime.sandbox import BrokerSandbox
from swe_agent.runtime.store import TreeStore
from swe_agent.settings.schema import Settings
from swe_agent.trajectory.log import EventLog

BASE_IMAGE = "swe-agent-base:1"
"""What `sandbox/ensure-engine` makes."""
FILES, TREE_BYTES = 2_000, 38_000_000


class Silent:
    """A model that is never asked."""

    name = "bench/silent"

    def complete(self, prompt: Prompt) -> Turn:
        raise AssertionError("a benchmark of the sandbox asks no model")

    def worst_case_usd(self, prompt: Prompt) -> float | None:
        return 0.0

    def warm_up(self) -> None:
        """Nothing to do."""


class Stage:
    """A place to measure on; use as a context manager."""

    def __init__(self, image: str = BASE_IMAGE) -> None:
        """
        Raises:
            EnvironmentFault: no engine answers, or the image is not there.
        """
        self.image = image
        self._open = ExitStack()
        self.client = connect()
        self._open.callback(self.client.close)
        inspect_image(self.client, image)
        self.folder = Path(self._open.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        self.run_id = f"bench-{secrets.token_hex(4)}"
        self.store = TreeStore(self.folder / "checkpoints")
        self._open.callback(self.store.close)
        self.log = self._open.enter_context(EventLog(self.folder / "events.jsonl"))
        self.sandboxes = DockerSandboxes(
            self.client, self.store, self.run_id, Limits(), self.folder / "checkpoints"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def tree_of(self, files: dict[str, bytes]) -> str:
        """A tree in the store."""
        entries = {p: Entry("file", self.store.put(c), len(c)) for p, c in files.items()}
        tree = self.store.overlay(self.store.empty, entries)
        self.store.flush()
        return tree

    def prepared(self, tree: str) -> Prepared:
        """An environment without set-up."""
        return Prepared(self.image, tree)

    def opened(self, tree: str) -> BrokerSandbox:
        """A sandbox with the tree, closed with the stage."""
        sandbox = self.sandboxes.open(self.prepared(tree), Checkpoint(tree=tree))
        assert isinstance(sandbox, BrokerSandbox)
        self._open.callback(sandbox.close)
        return sandbox

    def container(self) -> str:
        """Id of the newest container of this stage."""
        found = self.client.api.containers(filters={"label": f"{RUN_LABEL}={self.run_id}"})
        return str(found[0]["Id"])

    def attempt(self, tree: str) -> "Acting":
        """A real attempt on the tree: route, log, state and checkpoints as in a run."""
        kit = Kit(
            minds=Minds(Mind(Silent())),
            route=route_of(Settings(), self.store, None),
            store=self.store,
            log=self.log,
            settings=Settings(),
            open_sandbox=lambda checkpoint: self.opened(checkpoint.tree),
            folder=self.folder,
            targets=frozenset(),
            guards=frozenset(),
            deadline=time.monotonic() + 3600,
        )
        attempt = Attempt(kit, _ready(tree, self.image))
        assert attempt.sandbox, "opened now, so that no call is timed with its start"
        return Acting(attempt)


def _ready(tree: str, image: str) -> State:
    """A run right after its environment was made."""
    state = State()
    state.apply(
        EnvironmentReady(
            sandbox="docker",
            image=image,
            profile="default",
            root="/work",
            shell="bash",
            test_commands=(),
            checkpoint=Checkpoint(tree=tree),
        )
    )
    return state


class Acting:
    """Calls through an attempt, one at a time."""

    def __init__(self, attempt: Attempt) -> None:
        self.attempt = attempt
        self._number = 0

    @property
    def sandbox(self) -> BrokerSandbox:
        """The attempt's own."""
        assert isinstance(self.attempt.sandbox, BrokerSandbox)
        return self.attempt.sandbox

    def ask_for(self, tool: str, **arguments: object) -> ToolCall:
        """Let the log say that a model asked for a call; earlier checkpoints are saved."""
        self.attempt.settle()
        self._number += 1
        call = ToolCall(id=f"call-{self._number}", name=tool, arguments=arguments)
        self.attempt.append(
            ModelReplied(step=self._number, turn=Turn(calls=(call,)), duration_s=0.0)
        )
        return call

    def act_ms(self, tool: str, **arguments: object) -> float:
        """Milliseconds of one call through the route, its events included; it has to succeed."""
        call = self.ask_for(tool, **arguments)
        began = time.perf_counter()
        observation = self.attempt.act(call)
        took = (time.perf_counter() - began) * 1000
        require_ok(observation)
        return took


def require_ok(observation: Observation) -> None:
    """Stop the benchmark at a call that failed: its time would mean nothing."""
    if observation.outcome != "ok":
        raise SystemExit(f"{observation.tool} did not work: {observation.text[:500]}")


def forest(count: int = FILES, total_bytes: int = TREE_BYTES) -> dict[str, bytes]:
    """Files in nested folders with text that looks like code, the same on every machine."""
    dice = random.Random(1)
    words = ["value", "total", "matrix", "result", "expr", "args", "index", "term"]
    lines = [
        f"    {dice.choice(words)}_{dice.randrange(999)} = {dice.choice(words)}({dice.random()})"
        for _ in range(20_000)
    ]
    weights = [dice.paretovariate(1.3) for _ in range(count)]
    scale = total_bytes / sum(weights)
    files = {}
    for number, weight in enumerate(weights):
        size = int(weight * scale)
        start = dice.randrange(len(lines))
        text = f"# file {number}\n".encode()
        while len(text) < size:
            piece = "\n".join(lines[start : start + 2_000])
            text += piece.encode() + b"\n"
            start = dice.randrange(len(lines))
        top, middle = number % 20, number // 20 % 10
        files[f"package_{top:02d}/part_{middle}/module_{number:04d}.py"] = text[: max(size, 12)]
    return files


def planted(folder: Path, files: dict[str, bytes]) -> Path:
    """The files as a git repository with one commit."""
    for path, content in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    who = ["-c", "user.name=bench", "-c", "user.email=bench@localhost"]
    for words in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "-m", "base"]):
        subprocess.run(["git", *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return folder


def complain(fault: SweAgentError) -> int:
    """The fault as one clear sentence and the next step; returns the exit code."""
    print(f"{fault.message} {fault.next_step}".strip(), file=sys.stderr)
    return int(fault.exit_code)
