"""Only paths of the repository are let through."""

import pytest

from swe_agent.aci.paths import is_git_internal, repo_path, shown
from swe_agent.aci.tool import Failed


@pytest.mark.parametrize(
    ("path", "relative"),
    [
        ("a.py", "a.py"),
        ("./a//b/../c.py", "a/c.py"),
        ("/repo/a.py", "a.py"),
        ("//repo/a.py", "a.py"),
        (".", ""),
        ("/repo", ""),
        ("ünï/日本.py", "ünï/日本.py"),
        ("...", "..."),
        ("-rf", "-rf"),
        ("a\nb", "a\nb"),
    ],
)
def test_paths_become_repository_relative(path, relative):
    assert repo_path(path, "/repo") == relative


@pytest.mark.parametrize("path", ["..", "a/../../b", "/etc/passwd", "/repository/a", "/repo/../x"])
def test_paths_outside_are_refused(path):
    with pytest.raises(Failed) as raised:
        repo_path(path, "/repo")
    assert raised.value.outcome == "refused"


@pytest.mark.parametrize("path", ["", "  ", "a\0b"])
def test_paths_that_are_none_fail(path):
    with pytest.raises(Failed):
        repo_path(path, "/repo")


@pytest.mark.parametrize(
    "path", [".git", ".git/config", "a/.GiT/x", ".git /x", ".git./x", "git~1/x", ".g\u200cit/x"]
)
def test_git_is_known_in_every_spelling(path):
    assert is_git_internal(path)


@pytest.mark.parametrize("path", [".gitignore", ".github/x", "git", "a.git/x", "..git"])
def test_what_only_looks_like_git_is_let_through(path):
    assert not is_git_internal(path)


def test_odd_bytes_are_spelled_out():
    assert shown("a\udcff.py") == "a\\xff.py"
