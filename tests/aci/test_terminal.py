"""Commands that want a terminal are known by their structure, not by their letters."""

import pytest

from swe_agent.aci.terminal import wants_terminal


@pytest.mark.parametrize(
    "command",
    [
        "vim a",
        "/usr/bin/vim x",
        "\\vim x",
        "'vim' x",
        "sudo env X=1 vim a.py",
        "sudo -u me nano a",
        "A=1 nano b",
        "timeout -k 3 5 nano x",
        "nice -n 5 top",
        "ls | xargs vim",
        "git log | less",
        "if true; then vim x; fi",
        "echo $(vim x)",
        "for i in 1; do less $i; done",
        "(cd a && python3)",
        "python",
        "python3 -i x.py",
        "node",
        "bash -lc 'less x'",
        'sh -c "python"',
        "git rebase -i HEAD~2",
        "git -C x add -p",
        "tail -f x",
        "tail -n 5 -F x",
        "tail --follow=name x",
        "watch ls",
        "ssh host",
        "nohup vim x &",
    ],
)
def test_wants_a_terminal(command):
    assert wants_terminal(command)


@pytest.mark.parametrize(
    "command",
    [
        "echo vim",
        "grep -rn 'less' .",
        "git commit -m 'vim -p'",
        "cat <<E\nvim\nE\n",
        "# vim\nls",
        "vim --version",
        "top -b -n 1",
        "python x.py",
        "python -c 'import less'",
        "echo 1 | python",
        "python < a",
        "python - <<'E'\nprint(1)\nE\n",
        "bash -c 'echo vim'",
        "bash x.sh",
        "timeout 3 tail -f x",
        "tail -n 5 foo",
        "GIT_SEQUENCE_EDITOR=: git rebase -i HEAD~1",
        "git rebase main",
        "git show HEAD:view",
        "pip install less",
        "ls more/",
        "vim_mode=1",
        "echo 'unclosed vim",
    ],
)
def test_does_not_want_a_terminal(command):
    assert wants_terminal(command) is None


def test_hostile_command_is_bounded():
    for command in ("vim " + "$(" * 20_000, "vim " + "(" * 50_000, "bash -c '" * 2000):
        wants_terminal(command)
