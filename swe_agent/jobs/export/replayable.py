"""A run as a `.traj` that SWE-agent's `run-replay` can run: each step is one bash command that does
what the step's calls did. Files are written as they were after each edit; what the loop rolled back
by itself is not.
"""

import base64
import json
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from shlex import quote

from pydantic import JsonValue

from swe_agent.jobs.export.chat import SHELL, Json
from swe_agent.jobs.export.conversation import Conversation
from swe_agent.jobs.export.swe_agent import AGENT, replay_config_of, to_traj
from swe_agent.runtime.store import TreeStore
from swe_agent.trajectory.steps import Action, Step

STORE = "checkpoints"
_BUNDLES = ("tools/registry", "tools/submit")
"""Of SWE-agent's own tools, as its configurations name them: what ends a replay."""
_HIDDEN = ("submit", "plan", "recall", "tool_search", "ask_user")
"""Calls that touch no file; SWE-agent submits by itself at the end of a replay."""
_END = "END_OF_FILE"
Contents = Callable[[str], bytes | None]


def to_replayable(conversation: Conversation) -> Json:
    """The whole file, as JSON."""
    told = to_traj(conversation)
    commands = _commands(conversation)
    rows = told["trajectory"]
    assert isinstance(rows, list), "a row for each step"
    trajectory: list[JsonValue] = [
        {**row, "action": command}
        for row, command in zip(rows, commands, strict=True)
        if isinstance(row, dict)
    ]
    return {
        **told,
        "trajectory": trajectory,
        "history": [*_beginning(told["history"]), *_history(rows, commands)],
        "replay_config": json.dumps(_replay_config(conversation)),
    }


def bash_of(action: Action, tests: Sequence[str], contents: Contents) -> str:
    """What a call did, as bash; empty where it touched no file and looked at none."""
    name, said = action.call.name, action.call.arguments
    after = action.observation.data if action.observation else None
    if name == SHELL:
        return str(said.get("command", ""))
    if name in _HIDDEN:
        return ""
    if isinstance(after, dict) and "after" in after:
        return _written(str(after.get("path")), after.get("after"), contents)
    path = quote(str(said.get("path") or "."))
    match name:
        case "view":
            lines = f"{said.get('start') or 1},{_last(said.get('end'))}p"
            return f"if [ -d {path} ]; then ls -A {path}; else cat -n {path} | sed -n '{lines}'; fi"
        case "search":
            glob = f" --include={quote(str(said['glob']))}" if said.get("glob") else ""
            return f"grep -rnE{glob} -e {quote(str(said.get('pattern', '')))} {path}"
        case "find_file":
            glob = str(said.get("glob", "")).removeprefix("**/")
            return f"find . -path ./.git -prune -o -path {quote('*' + glob)} -print"
        case "run_tests":
            return "; ".join(tests)
        case _:
            return f": {quote(name)}"


def _commands(conversation: Conversation) -> list[str]:
    """One command for each step that has a reply."""
    environment = conversation.recording.environment
    tests = environment.test_commands if environment else ()
    steps = [step for step in conversation.recording.steps if step.turn]
    if not (conversation.folder / STORE).is_dir():
        return [_joined(step, tests, lambda _: None) for step in steps]
    with closing(TreeStore(conversation.folder / STORE)) as store:
        return [_joined(step, tests, lambda key: _content(store, key)) for step in steps]


def _joined(step: Step, tests: Sequence[str], contents: Contents) -> str:
    """The step's calls one after the other; SWE-agent wants one command in each step."""
    done = (bash_of(action, tests, contents) for action in step.actions)
    return "\n".join(command for command in done if command) or "true"


def _written(path: str, key: JsonValue, contents: Contents) -> str:
    """The file as it was after a call; gone where the call took it away."""
    place = quote(path)
    if not isinstance(key, str):
        return f"rm -f {place}"
    content = contents(key)
    if content is None:
        return f": {quote(f'what was written to {path} is not kept')}"
    folder = quote(str(Path(path).parent))
    made = f"mkdir -p {folder} && " if folder != "." else ""
    if content.endswith(b"\n") and content.isascii() and _is_plain(content):
        return f"{made}cat > {place} <<'{_END}'\n{content.decode()}{_END}"
    packed = base64.b64encode(content).decode()
    return f"{made}base64 -d > {place} <<'{_END}'\n{packed}\n{_END}"


def _is_plain(content: bytes) -> bool:
    return not any(bad in content for bad in (b"\0", b"\r", b"\t", _END.encode()))


def _content(store: TreeStore, key: str) -> bytes | None:
    try:
        return store.get(key)
    except KeyError:
        return None


def _last(end: JsonValue) -> str:
    return "$" if end in (None, -1) else str(end)


def _beginning(history: JsonValue) -> list[JsonValue]:
    """What was said before the first reply."""
    said: list[JsonValue] = []
    for item in history if isinstance(history, list) else []:
        if isinstance(item, dict) and item.get("role") == "assistant":
            break
        said.append(item)
    return said


def _history(rows: Sequence[JsonValue], commands: Sequence[str]) -> list[JsonValue]:
    """A reply with one call of `bash`, and what came of it, for each step."""
    said: list[JsonValue] = []
    for number, (row, command) in enumerate(zip(rows, commands, strict=True), 1):
        assert isinstance(row, dict), "a step"
        own: Json = {"agent": AGENT}
        name = f"call_{number}"
        call: Json = {
            "id": name,
            "type": "function",
            "function": {"name": "bash", "arguments": json.dumps({"command": command})},
        }
        said.append(
            {
                **own,
                "role": "assistant",
                "content": row["thought"],
                "thought": row["thought"],
                "action": command,
                "tool_calls": [call],
                "message_type": "action",
            }
        )
        said.append(
            {
                **own,
                "role": "tool",
                "content": row["observation"],
                "message_type": "observation",
                "tool_call_ids": [name],
            }
        )
    return said


def _replay_config(conversation: Conversation) -> Json:
    """With the tools that a replay needs, and the repository where it is known."""
    config = replay_config_of(conversation)
    agent, env = config["agent"], config["env"]
    assert isinstance(agent, dict), "a mapping"
    assert isinstance(env, dict), "a mapping"
    bundles: list[JsonValue] = [{"path": path} for path in _BUNDLES]
    tools: Json = {
        "parse_function": {"type": "function_calling"},
        "bundles": bundles,
        "enable_bash_tool": True,
    }
    repo = _repo(conversation)
    return {
        **config,
        "agent": {**agent, "tools": tools},
        "env": {**env, "repo": repo} if repo else env,
    }


def _repo(conversation: Conversation) -> Json:
    started, environment = conversation.recording.started, conversation.recording.environment
    place = Path(started.task.repository) if started else Path()
    if started and place.is_absolute() and (place / ".git").exists():
        return {"type": "local", "path": str(place), "base_commit": started.head or "HEAD"}
    root = environment.root if environment else ""
    if root in ("", "/workspace"):
        return {}
    return {"type": "preexisting", "repo_name": root.strip("/")}
