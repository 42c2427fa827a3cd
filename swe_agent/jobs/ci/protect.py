"""What no bot may publish: files that steer CI, hooks, owners, agents; links out; huge patches."""

import re

from pathspec import GitIgnoreSpec

from swe_agent.core.errors import PolicyRefused
from swe_agent.core.text import visible
from swe_agent.runtime.apply import touched_paths
from swe_agent.settings.schema import CiSettings

_PROTECTED = GitIgnoreSpec.from_lines(
    (
        *(".github/", ".gitlab/", ".gitlab-ci.yml", "*.gitlab-ci.yml", ".gitea/", ".forgejo/"),
        *("jenkinsfile*", ".circleci/", ".buildkite/", ".travis.yml", ".drone.yml", ".ci/"),
        *("azure-pipelines*.y*ml", "bitbucket-pipelines.yml", ".woodpecker*", "appveyor.yml"),
        *("/action.y*ml", ".husky/", ".githooks/", ".git-hooks/", "lefthook.y*ml", ".lefthook*"),
        *(".pre-commit-config.yaml", ".pre-commit-hooks.yaml", "codeowners", ".gitmodules"),
        *(
            ".gitattributes",
            ".gitconfig",
            ".lfsconfig",
            ".mailmap",
            "renovate.json*",
            ".renovaterc*",
        ),
        *(".swe-agent/", "agents.md", "claude.md", "gemini.md", ".claude/", ".cursor/", ".codex/"),
        *(
            ".mcp.json",
            ".vscode/",
            ".idea/",
            ".devcontainer/",
            ".envrc",
            ".env",
            ".npmrc",
            ".yarnrc*",
        ),
        *(".pypirc", ".netrc", "pip.conf"),
    )
)
_SUBMODULE = re.compile(rb"^(?:new file mode|new mode|old mode|index \S+) 160000$", re.MULTILINE)


class ProtectedPaths(PolicyRefused):
    """The patch touches what may not be published."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        super().__init__(
            f"The patch touches protected paths: {visible(', '.join(paths[:20]))}.",
            "Look at the patch. A path that is right is let through with ci.allow_paths.",
        )
        self.paths = paths


def require_publishable(patch: bytes, rules: CiSettings) -> None:
    """Nothing, if the patch may be published.

    Raises:
        ProtectedPaths: it touches protected paths; names count whatever their case.
        PolicyRefused: it is too large, or adds a submodule, or leaves the repository.
        UsageFault: it is no patch.
    """
    if len(patch) > rules.max_patch_bytes:
        raise PolicyRefused(
            f"The patch is over {rules.max_patch_bytes:,} bytes.",
            "Raise ci.max_patch_bytes, if it is right.",
        )
    if _SUBMODULE.search(patch):
        raise PolicyRefused("The patch adds or moves a submodule.", "Look at the patch.")
    paths = touched_paths(patch)
    if len(paths) > rules.max_files:
        raise PolicyRefused(
            f"The patch touches {len(paths)} files; {rules.max_files} may be published.",
            "Raise ci.max_files, if it is right.",
        )
    allowed = GitIgnoreSpec.from_lines(rules.allow_paths)
    # Compared in lower case: a checkout on a case-blind disk would make the same file of them.
    wrong = [
        path
        for path in sorted(paths)
        if _PROTECTED.match_file(path.lower()) and not allowed.match_file(path)
    ]
    if wrong:
        raise ProtectedPaths(tuple(wrong))
