"""A key that a command finds gets into no file of the run, and none into the sandbox."""

import base64

import pytest

from tests.solve.conftest import FIX, SUBMIT, Play, call

pytestmark = pytest.mark.docker
KEY = "sk-canary-0123456789abcdefghij"
FORMS = [KEY, KEY[::-1], KEY.encode().hex(), base64.b64encode(KEY.encode()).decode()]


def printed(text: str) -> str:
    """A command that prints the text many times and does not hold it."""
    half = len(text) // 2
    one = f"printf %s%s\\\\n '{text[:half]}' '{text[half:]}'"
    return f"i=0; while [ $i -lt 900 ]; do {one}; i=$((i+1)); done"


def test_no_file_of_a_run_holds_a_key_that_was_printed(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    commands = [call("shell", command=printed(form)) for form in FORMS]
    environment = call("shell", command="env; cat /proc/[0-9]*/environ | tr '\\0' '\\n'")
    played = play([*commands, environment, FIX, SUBMIT], issue=f"add fails with {KEY}")
    assert played.result.verdict == "verified"
    seen = played.observations()
    assert ["[redacted]" in text for text in seen[:4]] == [True] * 4
    assert "OPENAI" not in seen[4]
    held = [event.observation.blob for event in played.of("tool_returned")]
    assert all(held[:4]), "long outputs are kept whole"
    files = [path for path in played.folder.rglob("*") if path.is_file()]
    assert {"events.jsonl", "task.json", "result.json", "objects.pack"} <= {f.name for f in files}
    found = [
        (path.name, form) for path in files for form in FORMS if form.encode() in path.read_bytes()
    ]
    assert found == []
