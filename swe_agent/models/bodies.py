"""What a server says with a body that is no reply: errors of any shape, web pages, plain text."""

import re
from typing import TypeVar

from pydantic import BaseModel, ValidationError

Reply = TypeVar("Reply", bound=BaseModel)

SHOWN_CHARS = 200
"""Of a body that is no reply."""
_READ_BYTES = 20_000
_NAMES = ("error", "message", "detail", "msg", "metadata", "raw")
"""Where vendors, proxies and frameworks of servers put their words, in this order."""
_DEEPEST = 4
_PAGE = re.compile(r"\s*<(?:!doctype html|html|head|body|\?xml)", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>\s*(.*?)\s*</title>", re.IGNORECASE | re.DOTALL)


def words_of(body: object, deepest: int = _DEEPEST) -> str:
    """The words in the decoded body of a refusal; empty where it has none.

    >>> words_of({"detail": [{"loc": ["body"], "msg": "Field required"}]})
    'Field required'
    >>> words_of("<html><title>404 Not Found</title></html>")
    'a web page: 404 Not Found'
    """
    match body:
        case str():
            return in_short(body) if _PAGE.match(body) or deepest == _DEEPEST else body
        case list():
            inner = body
        case dict():
            inner = [body[name] for name in _NAMES if name in body]
        case _:
            return ""
    return " ".join(filter(None, (words_of(one, deepest - 1) for one in inner if deepest)))


def in_short(text: str) -> str:
    """A text in a line: a web page by its title, else the first characters."""
    if not _PAGE.match(text):
        return text.strip()[:SHOWN_CHARS]
    title = _TITLE.search(text)
    return f"a web page: {title[1][:SHOWN_CHARS]}" if title else "a web page without a title"


def whole_reply(kind: type[Reply], raw: bytes) -> Reply:
    """The reply in a body.

    Raises:
        ValueError: it is none; where it is no JSON, with what it says.
    """
    try:
        return kind.model_validate_json(raw)
    except ValidationError as fault:
        if fault.errors()[0]["type"] != "json_invalid":
            raise
        raise no_json(raw) from None


def no_json(raw: bytes) -> ValueError:
    """The fault of a reply's body that is no JSON, or no whole one."""
    text = raw[:_READ_BYTES].decode("utf-8", "replace")
    if _PAGE.match(text):
        return ValueError(f"it sent {in_short(text)} (is the base URL right?)")
    return ValueError(f"it sent no whole JSON: {in_short(text) or 'nothing'}")
