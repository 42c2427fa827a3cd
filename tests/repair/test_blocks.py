"""Examples are read from the code of an issue."""

import pytest

from swe_agent.repair.blocks import blocks, sessions, tracebacks
from swe_agent.repair.expected import Example

POT = ("p = Pot()", "p.fill(2)")


@pytest.mark.parametrize(
    ("issue", "example"),
    [
        (">>> brew([])\n0\n", Example("brew([])", "0")),
        (">>> brew([])\n1\n\nExpected result: 0", Example("brew([])", "0")),
        (
            ">>> brew('')\nTraceback (most recent call last):\n  ...\nIndexError\n",
            Example("brew('')"),
        ),
        (">>> print(brew(1))\ntea\n", Example("str(brew(1))", "'tea'")),
        (">>> brew(1)\n<Tea 1>\n", Example("repr(brew(1))", "'<Tea 1>'")),
        ("In [3]: brew(1)\nOut[3]: 4\n", Example("brew(1)", "4")),
        (">>> p = Pot()\n>>> p.fill(2)\n>>> p.cups\n1\n", Example("p.cups", "1", before=POT)),
    ],
)
def test_a_sessions_step(issue: str, example: Example) -> None:
    assert list(sessions(issue)) == [example]


@pytest.mark.parametrize(
    ("code", "after", "example"),
    [
        ("brew(1)  # should be 4", "", Example("brew(1)", "4")),
        ("brew(1)  # -> 4", "", Example("brew(1)", "4")),
        ("print(brew(1))\n# prints 3, expected 4", "", Example("brew(1)", "4")),
        ("print(brew(1))", "It prints `tee`, expected `tea`.", Example("str(brew(1))", "'tea'")),
        (
            "x = 1\nbrew(x)",
            "Expected:\n\n```\n4\n```\n",
            Example("brew(x)", "4", before=("x = 1",)),
        ),
        ("assert brew(1) == 4", "", Example("brew(1)", "4")),
        ("assert 4 in brew(1)", "", Example("bool(4 in brew(1))", "True")),
        ("p = Pot()\np.fill(2)\np.pour()", "IndexError: pop", Example("p.pour()", before=POT)),
        (
            "def test_pot():\n    assert brew(1)",
            "",
            Example("test_pot()", before=("def test_pot():\n    assert brew(1)",)),
        ),
    ],
)
def test_a_block_says_what_should_come(code: str, after: str, example: Example) -> None:
    assert list(blocks(f"See:\n\n```python\n{code}\n```\n{after}")) == [example]
    indented = code.replace("\n", "\n    ")
    assert list(blocks(f"See:\n\n    {indented}\n\n{after}")) == [example]


@pytest.mark.parametrize(
    "block",
    [
        "```\n# nothing\n```\n",
        "```\nbrew(1)  # 3, which is wrong\n```\n",
        "```js\nbrew(1) // 4\n```\n",
        "```\nbrew(1)\n```\n",
    ],
)
def test_a_block_that_expects_nothing_is_left(block: str) -> None:
    assert list(blocks(block)) == []


def test_a_traceback_begins_with_the_call_that_should_end() -> None:
    text = (
        "Traceback (most recent call last):\n"
        '  File "try.py", line 3, in <module>\n    print(brew("a"))\n'
        '  File "pot.py", line 9, in brew\n    return cups[0]\nIndexError: out of range\n'
    )
    assert list(tracebacks(text)) == [Example("brew('a')")]
    assert list(tracebacks(f"{text}\nIt should return 3.")) == [Example("brew('a')", "3")]
    assert list(tracebacks(text.replace('brew("a")', "main()"))) == []
