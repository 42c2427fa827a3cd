"""What the context of recorded runs would have been with our folding.

Usage: `python bench/folding.py TRAJECTORIES --out CONTEXTS [--read 0.1] [--write 1.25] [--show N]
[--json]`. TRAJECTORIES is a JSONL file (may be .gz): `id`, `system`, `task`, `steps` [{`thought`,
`action`, `observation`}]. CONTEXTS gets a line each: `id` and `contexts`, the messages that would
have been sent for every step. No model is asked. `--show N` prints N digests.
"""

import argparse
import gzip
import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from swe_agent.context.economy import Rates, steps_expected, worthwhile  # noqa: E402
from swe_agent.context.story import Story  # noqa: E402
from swe_agent.context.tokens import message_text, tokens_of  # noqa: E402
from swe_agent.core.messages import Message, Note, Observation, ToolCall, Turn  # noqa: E402

MOST_STEPS = 100
_FILE = re.compile(r"\[File: (\S+)")
Sent = list[dict[str, str]]


def replayed(run: dict[str, Any], rates: Rates) -> tuple[list[Sent], Story]:
    """The messages of every request, and the story at the end."""
    story = Story()
    story.add(Note(kind="phase", text=run["system"]), 0)
    story.add(Note(kind="task", text=run["task"]), 0)
    contexts = []
    for number, step in enumerate(run["steps"], 1):
        fold = worthwhile(story, rates, steps_expected(number - 1, MOST_STEPS))
        if fold:
            story.fold(fold)
        contexts.append(sent(story))
        for message in turn_of(step, f"c{number}"):
            story.add(message, number)
    return contexts, story


def turn_of(step: dict[str, str], call_id: str) -> tuple[Message, Message]:
    """A recorded step as our messages."""
    shown = _FILE.search(step["observation"])
    seen = Observation(
        call_id=call_id,
        tool=step["action"].split(maxsplit=1)[0] if step["action"].strip() else "none",
        text=step["observation"],
        data={"path": shown[1]} if shown else None,
    )
    call = ToolCall(id=call_id, name=seen.tool, arguments={"command": step["action"]})
    return Turn(text=step["thought"], calls=(call,)), seen


def sent(story: Story) -> Sent:
    rows = [{"role": role_of(one), "content": content_of(one)} for one in story.messages()]
    rows[0]["role"] = "system"
    return rows


def role_of(message: Message) -> str:
    return "assistant" if isinstance(message, Turn) else "user"


def content_of(message: Message) -> str:
    if isinstance(message, Turn):
        return f"{message.text}\n```\n{message.calls[0].arguments['command']}\n```".strip()
    return message.text


def tokens(contexts: list[Sent]) -> int:
    return sum(tokens_of(row["content"]) for context in contexts for row in context)


def runs_of(path: Path) -> Iterator[dict[str, Any]]:
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    yield from (json.loads(line) for line in content.splitlines() if line.strip())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("trajectories", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--read", type=float, default=0.1, help="price of a cached token")
    parser.add_argument("--write", type=float, default=1.25, help="price of a new token")
    parser.add_argument("--show", type=int, default=0, help="print so many digests")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rates = Rates(options.read, options.write)
    began, ours, whole, steps, left = time.monotonic(), 0, 0, 0, options.show
    count = 0
    with options.out.open("w", encoding="utf-8") as out:
        for run in runs_of(options.trajectories):
            contexts, story = replayed(run, rates)
            out.write(json.dumps({"id": run["id"], "contexts": contexts}) + "\n")
            ours += tokens(contexts)
            count, steps = count + 1, steps + len(contexts)
            at = [entry.whole_tokens for entry in story.entries]
            ends = [2 + 2 * index for index in range(len(contexts))]
            whole += sum(sum(at[:end]) for end in ends)
            for entry in story.entries:
                if left and entry.form == "digest":
                    left -= 1
                    print(f"{run['id']}\n{message_text(entry.shown)}\n", file=sys.stderr)
    found = {
        "runs": count,
        "requests": steps,
        "tokens": ours,
        "tokens_ratio": round(ours / whole, 3) if whole else 1.0,
        "seconds": round(time.monotonic() - began, 2),
    }
    if options.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:>14}  {value}")


if __name__ == "__main__":
    main()
