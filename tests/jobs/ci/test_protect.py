"""What may be published: paths, sizes, submodules."""

import pytest

from swe_agent.core.errors import PolicyRefused
from swe_agent.jobs.ci.protect import ProtectedPaths, require_publishable
from swe_agent.settings.schema import CiSettings


def patch_of(*paths: str, mode: str = "100644") -> bytes:
    return "".join(
        f"diff --git a/{path} b/{path}\nnew file mode {mode}\n--- /dev/null\n+++ b/{path}\n"
        "@@ -0,0 +1 @@\n+x\n"
        for path in paths
    ).encode()


PROTECTED = [
    ".github/workflows/ci.yml",
    ".GitHub/Workflows/CI.YML",
    ".github/CODEOWNERS",
    ".github/dependabot.yml",
    "pkg/.github/workflows/ci.yml",
    ".gitlab-ci.yml",
    "ci/deploy.gitlab-ci.yml",
    ".gitlab/agents/x/config.yaml",
    "Jenkinsfile",
    "ci/Jenkinsfile.release",
    ".circleci/config.yml",
    "azure-pipelines.yaml",
    ".husky/pre-commit",
    ".pre-commit-config.yaml",
    "docs/CODEOWNERS",
    ".gitmodules",
    "sub/.gitattributes",
    ".swe-agent/config.yaml",
    "AGENTS.md",
    "pkg/CLAUDE.md",
    ".vscode/tasks.json",
    ".devcontainer/devcontainer.json",
    ".npmrc",
    "action.yml",
]


def test_every_protected_path_is_refused_and_named() -> None:
    with pytest.raises(ProtectedPaths) as refused:
        require_publishable(patch_of(*PROTECTED, "calc.py"), CiSettings())
    assert set(refused.value.paths) == set(PROTECTED)
    assert refused.value.exit_code == 8


def test_a_protected_path_that_is_moved_away_is_touched_too() -> None:
    moved = (
        b"diff --git a/.github/workflows/ci.yml b/x.yml\nsimilarity index 100%\n"
        b"rename from .github/workflows/ci.yml\nrename to x.yml\n"
    )
    with pytest.raises(ProtectedPaths) as refused:
        require_publishable(moved, CiSettings())
    assert refused.value.paths == (".github/workflows/ci.yml",)


def test_ordinary_paths_pass() -> None:
    paths = ("src/github/x.py", "docs/action.yml", "tests/hooks/test_x.py", "codeowners_test.py")
    require_publishable(patch_of(*paths, "pyproject.toml", "package.json"), CiSettings())


def test_a_path_that_is_allowed_passes_and_others_do_not() -> None:
    rules = CiSettings(allow_paths=(".github/labels.yml",))
    require_publishable(patch_of(".github/labels.yml"), rules)
    with pytest.raises(ProtectedPaths):
        require_publishable(patch_of(".github/labels.yml", ".github/x.yml"), rules)


@pytest.mark.parametrize(
    ("patch", "rules"),
    [
        (patch_of("a", "b", "c"), CiSettings(max_files=2)),
        (patch_of("a"), CiSettings(max_patch_bytes=20)),
        (patch_of("a", mode="160000"), CiSettings()),
        (patch_of("../a"), CiSettings()),
        (patch_of(".git/config"), CiSettings()),
    ],
    ids=["files", "bytes", "submodule", "outside", "git"],
)
def test_what_is_too_large_or_leaves_the_repository_is_refused(patch, rules) -> None:
    with pytest.raises(PolicyRefused):
        require_publishable(patch, rules)
