"""Anthropic's prompt cache, as far as it can be seen from outside."""

import hashlib
import json
from typing import Any

from tests.vendors.server import Json


class PromptCache:
    """The vendor's cache: a prefix that ended at a mark is known for the requests after it."""

    LOOKBACK = 20
    """Blocks before a mark at which an earlier prefix is looked for."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def count(self, body: Json) -> Json:
        """Fresh, written and read input tokens of a request; its marks are known from now on."""
        blocks = [*body.get("tools", []), *body.get("system", [])]
        blocks += [block for message in body["messages"] for block in blocks_of(message)]
        sums, hashes, total = [], [], 0
        digest = hashlib.sha256()
        for block in blocks:
            text = json.dumps(unmarked(block))
            total += -(-len(text) // 4)
            digest.update(text.encode())
            sums.append(total)
            hashes.append(digest.hexdigest())
        marks = [index for index, block in enumerate(blocks) if "cache_control" in block]
        near = {i for mark in marks for i in range(max(0, mark - self.LOOKBACK), mark + 1)}
        hits = [index for index in near if hashes[index] in self._known]
        read = sums[max(hits)] if hits else 0
        kept = sums[max(marks)] if marks else 0
        self._known |= {hashes[index] for index in marks}
        return {
            "input_tokens": total - max(kept, read),
            "cache_creation_input_tokens": max(0, kept - read),
            "cache_read_input_tokens": read,
        }


def blocks_of(message: Json) -> list[Json]:
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def unmarked(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: unmarked(v) for k, v in value.items() if k != "cache_control"}
    return [unmarked(v) for v in value] if isinstance(value, list) else value
