"""Whose a container is: told for processes of this machine and start alone."""

import subprocess
import sys

import pytest

from swe_agent.runtime.owner import is_orphan, own_mark

PRINT = "from swe_agent.runtime.owner import own_mark; print(own_mark())"


def mark_of_one_that_ended() -> str:
    done = subprocess.run([sys.executable, "-c", PRINT], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_process_that_lives_leaves_no_orphan_and_one_that_ended_does() -> None:
    assert not is_orphan(own_mark())
    assert is_orphan(mark_of_one_that_ended())


def test_a_number_that_was_given_again_is_another_process() -> None:
    assert is_orphan(own_mark() + "1")


@pytest.mark.parametrize("part", [0, 1], ids=["another start or machine", "another namespace"])
def test_what_cannot_be_seen_from_here_is_nobodys_orphan(part: int) -> None:
    words = mark_of_one_that_ended().split("/")
    words[part] = "other"
    assert not is_orphan("/".join(words))


@pytest.mark.parametrize("mark", ["", "x", "///", "a/b/c"])
def test_a_label_that_says_nothing_is_nobodys_orphan(mark: str) -> None:
    assert not is_orphan(mark)
