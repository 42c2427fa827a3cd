"""Server-sent events: bytes as they come in, to the payload of each event."""

from collections.abc import Iterable, Iterator

LONGEST_EVENT_BYTES = 64_000_000


def payloads(chunks: Iterable[bytes]) -> Iterator[str]:
    """The payload of each event that ended with its blank line; one that did not is left out.

    Raises:
        ValueError: an event is not UTF-8, or longer than any reply.

    >>> list(payloads([b"data: a\\n", b"\\nevent: x\\ndata: c\\ndata: d\\r\\n\\r\\nda"]))
    ['a', 'c\\nd']
    """
    tail: list[bytes] = []
    lines: list[str] = []
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > LONGEST_EVENT_BYTES:
            raise ValueError(f"an event is longer than {LONGEST_EVENT_BYTES} bytes")
        first, *more = chunk.split(b"\n")
        tail.append(first)
        for following in more:
            # Joined once a line: a line of megabytes comes in thousands of chunks.
            line = b"".join(tail).removesuffix(b"\r")
            tail = [following]
            if line.startswith(b"data:"):
                lines.append(line[5:].removeprefix(b" ").decode())
            elif not line:
                if lines:
                    yield "\n".join(lines)
                lines, size = [], 0
