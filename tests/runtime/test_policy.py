"""The patch policy drops what no fix needs, says why, and lets the user overrule it."""

import pytest

from swe_agent.core.protocols import Entry
from swe_agent.runtime.policy import HUGE_BYTES, sort_changes

OLD = Entry("file", "a", 10, 0o644)
NEW = Entry("file", "b", 12, 0o644)


@pytest.mark.parametrize(
    ("path", "pair", "why"),
    [
        ("repro.py", (None, NEW), "reproduction"),
        ("reproduce_issue.sh", (None, NEW), "reproduction"),
        ("src/x.py.orig", (None, NEW), "reproduction"),
        ("pkg/__pycache__/m.cpython-311.pyc", (None, NEW), "cache"),
        ("node_modules/left/index.js", (None, NEW), "cache"),
        ("build/lib/x.py", (None, NEW), "build"),
        ("x.egg-info/PKG-INFO", (None, NEW), "cache"),
        ("uv.lock", (OLD, NEW), "lock file"),
        ("web/package-lock.json", (OLD, NEW), "lock file"),
        ("run.sh", (OLD, Entry("file", "a", 10, 0o755)), "mode"),
        ("core.bin", (None, Entry("file", "b", HUGE_BYTES + 1, 0o644)), "bytes"),
        ("pipe", (None, Entry("other")), "plain"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_junk_is_left_out_with_its_reason(path: str, pair, why: str) -> None:
    found = sort_changes({path: pair})
    assert found.kept == ()
    assert why in found.left_out[path]


@pytest.mark.parametrize(
    ("path", "pair"),
    [
        ("src/repro.py", (None, NEW)),
        ("repro.py", (OLD, NEW)),
        ("repro.py", (OLD, None)),
        ("build/lib/x.py", (OLD, NEW)),
        ("tests/test_x.py", (None, NEW)),
        ("big.json", (OLD, Entry("file", "b", HUGE_BYTES + 1, 0o644))),
        ("link", (None, Entry("link", "b"))),
        ("run.sh", (OLD, Entry("file", "b", 10, 0o755))),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_may_belong_to_a_fix_is_kept(path: str, pair) -> None:
    assert sort_changes({path: pair}).kept == (path,)


def test_a_lock_file_goes_along_with_its_manifest() -> None:
    found = sort_changes({"a/Cargo.lock": (OLD, NEW), "a/Cargo.toml": (OLD, NEW)})
    assert found.kept == ("a/Cargo.lock", "a/Cargo.toml")


def test_keep_overrules_the_policy_and_the_ignore_rules() -> None:
    changes = {"repro.py": (None, NEW), "out.txt": (None, NEW), "b.pyc": (None, NEW)}
    found = sort_changes(changes, ignored=("out.txt",), keep=("repro.py", "*.txt"))
    assert found.kept == ("repro.py", "out.txt")
    assert sort_changes(changes, ignored=("out.txt",)).left_out["out.txt"] == "ignored by git"


@pytest.mark.parametrize(
    "path", [".github/workflows/ci.yml", ".gitmodules", "docs/CODEOWNERS", ".swe-agent/config.yaml"]
)
def test_paths_that_steer_others_are_flagged_and_kept(path: str) -> None:
    found = sort_changes({path: (OLD, NEW), "a.py": (OLD, NEW)})
    assert found.flagged == (path,)
    assert path in found.kept


def test_a_link_that_leads_out_is_left_out_unless_the_user_keeps_it() -> None:
    changes = {"out": (None, Entry("link", "b")), "in": (None, Entry("link", "b"))}
    found = sort_changes(changes, outward=["out"])
    assert (found.kept, found.flagged) == (("in",), ())
    assert "leads out of the repository" in found.left_out["out"]
    kept = sort_changes(changes, keep=["out"], outward=["out"])
    assert (kept.kept, kept.flagged) == (("out", "in"), ("out",))
