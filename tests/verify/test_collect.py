"""Whether tests can be collected, asked of a real shell without running them."""

from pathlib import Path

import pytest

from swe_agent.runtime.setup import SetUp
from swe_agent.verify.collect import why_not_collected
from tests.conftest import BASE_IMAGE
from tests.runtime.test_environment import Yard

pytestmark = pytest.mark.docker

GOOD = "import unittest\nclass A(unittest.TestCase):\n    def test_a(self): raise SystemExit(9)\n"


@pytest.mark.parametrize("runner", ["pytest", "unittest"])
@pytest.mark.parametrize(
    ("text", "why"),
    [
        (GOOD, ""),
        ("import no_such_module\n" + GOOD, "ModuleNotFoundError: No module named 'no_such_module'"),
        ("def (:\n", "SyntaxError: invalid syntax"),
    ],
    ids=["good", "missing module", "syntax"],
)
def test_what_keeps_tests_from_being_collected_is_told(
    engine: object, tmp_path: Path, runner: str, text: str, why: str
) -> None:
    yard = Yard(engine, tmp_path / "run")  # type: ignore[arg-type]
    prepared = yard.sandboxes.prepare(SetUp(BASE_IMAGE), yard.tree({"test_a.py": text}))
    with yard.sandboxes.fresh(prepared, prepared.tree) as sandbox:
        assert why_not_collected(sandbox, [f"python3 -m {runner}"], 60) == why
        assert why_not_collected(sandbox, ["make test"], 60) == ""
