"""What counts as a command, and what only looks like one."""

import pytest

from swe_agent.jobs.ci.commands import Command, command_in

PHRASE = "@swe-agent"


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/swe-agent", Command("fix")),
        ("/swe-agent fix", Command("fix")),
        ("/swe-agent fix the parser\nand its tests", Command("fix", "the parser\nand its tests")),
        ("  /swe-agent RETRY", Command("retry")),
        ("hello\r\n/swe-agent stop\r\n", Command("stop")),
        ("@swe-agent", Command("fix")),
        ("@swe-agent explain this", Command("explain", "this")),
        ("Hi @swe-agent, please look", Command("fix", "please look")),
        ("It breaks.\n@swe-agent can you?", Command("fix", "It breaks.\n\ncan you?")),
        ("@SWE-Agent: retry", Command("retry")),
    ],
)
def test_a_command_is_heard(text: str, command: Command) -> None:
    found = command_in(text, PHRASE)
    assert found is not None
    assert (found.word, found.more.split()) == (command.word, command.more.split())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no command",
        "/swe-agent dance",
        "see /swe-agent fix",
        "/swe-agents fix",
        "mail me at x@swe-agent.example",
        "@swe-agent-bot fix",
        "octo/@swe-agent",
        "> @swe-agent fix",
        "`@swe-agent fix`",
        "``a ` @swe-agent fix``",
        "```\n/swe-agent fix\n```",
        "~~~~\n/swe-agent fix\n~~~\n~~~~",
        "    /swe-agent fix",
        "<!-- @swe-agent fix -->",
        "<!-- never closed\n@swe-agent fix",
    ],
)
def test_what_only_looks_like_a_command_is_not_one(text: str) -> None:
    assert command_in(text, PHRASE) is None


def test_the_phrase_is_not_a_pattern() -> None:
    assert command_in("axb fix", "a.b") is None
    assert command_in("a.b fix", "a.b") == Command("fix")
