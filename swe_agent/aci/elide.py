"""Output cut to head and tail on line ends, with the exact count of what lies between."""

from swe_agent.core.text import decoded

_SEARCH_BYTES = 400


def head_and_tail(output: bytes, total_bytes: int, limit: int) -> str:
    """The output whole if it fits, else its first and last part with the count of what was cut.

    Args:
        output: the whole, or at least head and tail of it; both at least `limit // 2` long.
        total_bytes: length of the whole.
        limit: what may be shown, in bytes and in characters: an odd byte is shown as four.

    >>> head_and_tail(b"aa\\nbb\\ncc\\ndd\\n", 12, 6)
    'aa\\n[... 6 of 12 bytes elided; `recall` pages ...]\\ndd\\n'
    """
    if total_bytes <= limit and len(output) == total_bytes:
        whole = decoded(output)
        if len(whole) <= limit:
            return whole
    half = min(limit, len(output)) // 2
    while True:
        head, tail = _ended(output[:half]), _begun(output[len(output) - half :])
        text, end = decoded(head), decoded(tail)
        chars = len(text) + len(end)
        if chars <= limit:
            break
        half = half * limit // chars
    cut = total_bytes - len(head) - len(tail)
    if text and not text.endswith("\n"):
        text += "\n"
    return f"{text}[... {cut} of {total_bytes} bytes elided; `recall` pages ...]\n{end}"


def _ended(head: bytes) -> bytes:
    """The head up to its last line end, if that is near; else up to a whole character."""
    at = head.rfind(b"\n", max(0, len(head) - _SEARCH_BYTES))
    if at >= 0:
        return head[: at + 1]
    return head.decode("utf-8", "ignore").encode() if _is_utf8_but_cut(head) else head


def _begun(tail: bytes) -> bytes:
    at = tail.find(b"\n", 0, _SEARCH_BYTES)
    if 0 <= at < len(tail) - 1:
        return tail[at + 1 :]
    skip = 0
    while skip < min(3, len(tail)) and tail[skip] & 0xC0 == 0x80:
        skip += 1
    return tail[skip:]


def _is_utf8_but_cut(head: bytes) -> bool:
    try:
        head.decode()
    except UnicodeDecodeError as fault:
        return fault.start >= len(head) - 3 and fault.reason == "unexpected end of data"
    return False
