"""Every tool test runs on the same workbench over three sandboxes: folder, Debian, busybox."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from swe_agent.aci.load import load_tools
from swe_agent.aci.permissions import Permissions
from swe_agent.aci.route import Route
from swe_agent.aci.tool import PastCall, ToolLimits
from swe_agent.core.messages import Observation, ToolCall
from swe_agent.core.protocols import Sandbox
from tests.aci.local_sandbox import Bench, LocalSandbox
from tests.tools.boxes import Boxes

TOOLS = Path(__file__).parents[2] / "tools"
NAMES = (
    "view",
    "search",
    "find_file",
    "edit",
    "edit_lines",
    "create",
    "undo",
    "shell",
    "jobs",
    "run_tests",
    "recall",
    "plan",
    "submit",
)


class Desk:
    """Calls tools through the route, as the loop does, and remembers the calls."""

    def __init__(self, sandbox: Sandbox, limits: ToolLimits) -> None:
        self.sandbox = sandbox
        self.bench = Bench(sandbox, limits)
        self.route = Route(load_tools([TOOLS], NAMES), Permissions(), self.bench.blobs)

    def call(self, name: str, /, **arguments) -> Observation:
        step = len(self.bench.calls) + 1
        call = ToolCall(id=f"c{step}", name=name, arguments=arguments)
        observation = self.route.act(call, self.bench)
        self.bench.calls.append(PastCall(step, call, observation))
        return observation

    def read(self, path: str) -> bytes:
        return self.sandbox.read_file(path)


@pytest.fixture(scope="session")
def boxes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Boxes]:
    """Docker sandboxes, one an image, made when first asked for."""
    made = Boxes(tmp_path_factory.mktemp("boxes"))
    yield made
    made.close()


DOCKER = pytest.mark.docker


@pytest.fixture(
    params=[
        "folder",
        pytest.param("base", marks=DOCKER),
        pytest.param("busybox", marks=DOCKER),
    ]
)
def desk(request: pytest.FixtureRequest, tmp_path: Path, boxes: Boxes) -> Callable[..., Desk]:
    """Makes a desk whose repository holds the files given."""

    def made(files: Mapping[str, bytes | str], limits: ToolLimits | None = None) -> Desk:
        content = {
            path: text.encode() if isinstance(text, str) else text for path, text in files.items()
        }
        if request.param == "folder":
            sandbox: Sandbox = LocalSandbox(tmp_path / "repo")
            (tmp_path / "repo").mkdir()
            for path, raw in content.items():
                sandbox.write_file(path, raw)
        else:
            image = request.getfixturevalue(f"{request.param}_image")
            sandbox = boxes.filled(image, content)
        return Desk(sandbox, limits or ToolLimits())

    return made
