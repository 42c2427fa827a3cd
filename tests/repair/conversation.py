"""Runs the offline model against real files and tests, as the loop does: reply, calls, results."""

from collections.abc import Callable, Mapping
from pathlib import Path

from swe_agent.aci.load import load_tools
from swe_agent.aci.permissions import Permissions
from swe_agent.aci.route import Route
from swe_agent.aci.tool import PastCall
from swe_agent.core.messages import Message, Note, Observation, ToolCall, Turn
from swe_agent.core.protocols import Prompt
from swe_agent.core.task import TestReport
from swe_agent.repair.offline import OfflineModel
from swe_agent.verify.runners import run_tests
from tests.aci.local_sandbox import Bench, LocalSandbox

TOOLS = Path(__file__).parents[2] / "tools"
NAMES = ("view", "find_file", "edit", "undo", "try_edits", "run_tests", "submit")
COMMAND = "python3 -m unittest discover -s tests"
STEPS = 40


class Workbench(Bench):
    """A folder in which tests really run."""

    def __init__(self, root: Path, command: str = COMMAND) -> None:
        super().__init__(LocalSandbox(root))
        self.test_commands = (command,)

    def run_tests(self, targets: tuple[str, ...]) -> TestReport:
        return run_tests(self.sandbox, self.test_commands, 60.0, targets)


class Conversation:
    """A repository and what was said about it."""

    def __init__(
        self,
        root: Path,
        issue: str = "Make the failing tests pass.",
        command: str = COMMAND,
        more_tools: tuple[str, ...] = (),
    ) -> None:
        self.root = root
        self.bench = Workbench(root, command)
        tools = load_tools([TOOLS], (*NAMES, *more_tools))
        self.route = Route(tools, Permissions(), self.bench.blobs)
        self.history: list[Message] = [Note(kind="task", text=issue)]

    def go_on(
        self,
        model: Callable[[], OfflineModel] = OfflineModel,
        until: Callable[[ToolCall], bool] = lambda call: call.name == "submit",
    ) -> str:
        """Go round until a call; returns the model's last text. A new model answers each time."""
        for step in range(1, STEPS):
            turn = model().complete(self.prompt())
            self.history.append(turn)
            for call in turn.calls:
                self.act(step, call)
            if not turn.calls or any(until(call) for call in turn.calls):
                return turn.text
        raise AssertionError("it never submits")

    def prompt(self) -> Prompt:
        return Prompt("", tuple(self.history), self.route.specs())

    def act(self, step: int, call: ToolCall) -> Observation:
        observation = self.route.act(call, self.bench)
        self.bench.calls.append(PastCall(step, call, observation))
        self.history.append(observation)
        return observation

    def calls(self, name: str) -> list[ToolCall]:
        turns = [message for message in self.history if isinstance(message, Turn)]
        return [call for turn in turns for call in turn.calls if call.name == name]


def written(root: Path, files: Mapping[str, str]) -> Path:
    """The files in a folder."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root
