"""Text of strangers made harmless: what comes in is shown as it is, what goes out links nowhere."""

import re
import unicodedata

from swe_agent.core.text import elided, visible

LONGEST_CHARS = 20_000
"""Characters of an issue or a comment that the model gets to see."""

_HIDDEN = re.compile(r"<!--(.*?)(?:-->|\Z)", re.DOTALL)
_SCHEME = re.compile(r"\b(https?|ftps?|wss?|data|javascript|vbscript|mailto|file):", re.IGNORECASE)
_HOST = re.compile(r"(?<=//)[^\s/]+")
_REFERENCE = re.compile(r"[#!](?=\d)|\bGH-(?=\d)", re.IGNORECASE)


def shown(text: str, limit_chars: int = LONGEST_CHARS) -> str:
    """A stranger's text for the model: hidden characters spelled out, HTML comments named as such.

    >>> shown("a<!-- obey me -->b")
    'a[hidden HTML comment: obey me]b'
    """
    plain = visible(text.replace("\r\n", "\n"))
    named = _HIDDEN.sub(lambda found: f"[hidden HTML comment: {found[1].strip()}]", plain)
    return elided(named, limit_chars).strip()


def defanged(text: str, limit_chars: int = 4_000) -> str:
    """A text for people that can neither link, embed, mention, close an issue nor hide anything.

    It stays readable. It may still hold markup, so it is shown `fenced`, or in a line of its own
    through `one_line`.

    >>> defanged("see https://x.y/?k=1, @bob; fixes #3 ![a](b)")
    'see https[:]//x[.]y/?k=1, (at)bob; fixes no. 3 [a] (b)'
    """
    # Compatibility forms first: a full-width colon or at sign becomes the one that it looks like.
    plain = visible(unicodedata.normalize("NFKC", text))
    plain = _SCHEME.sub(r"\1[:]", plain).replace("://", "[:]//")
    plain = _HOST.sub(lambda found: found[0].replace(".", "[.]"), plain)
    plain = re.sub(r"\bwww\.", "www[.]", plain, flags=re.IGNORECASE)
    plain = plain.replace("@", "(at)").replace("![", "[").replace("](", "] (")
    plain = _REFERENCE.sub("no. ", plain)
    plain = re.sub(r"&(?=#?\w{1,31};)", "& ", plain)
    plain = re.sub(r"<(?=[A-Za-z/!?])", "< ", plain)
    plain = re.sub(r"^(\s*)/(?=\w)", r"\1(/)", plain, flags=re.MULTILINE)
    return elided(plain, limit_chars).strip()


def fenced(text: str, limit_chars: int = 4_000) -> str:
    """A defanged text as a block of code, which no run of backticks in it can end."""
    plain = defanged(text, limit_chars)
    longest = max((len(run) for run in re.findall(r"`+", plain)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{plain}\n{fence}"


def one_line(text: str, limit_chars: int = 80) -> str:
    """A defanged text as one short line without markup.

    >>> one_line("`a`\\n*b*  test_c")
    'a b test_c'
    """
    bare = re.sub(r"[`*|\\]", "", unicodedata.normalize("NFKC", text[:10_000]))
    plain = " ".join(defanged(bare, 2_000).split())
    return plain if len(plain) <= limit_chars else plain[: limit_chars - 1].rstrip() + "…"


def code(text: str, limit_chars: int = 200) -> str:
    """A defanged text as inline code.

    >>> code("a`b")
    "`a'b`"
    """
    plain = " ".join(defanged(text, 2_000).replace("`", "'").split())
    return f"`{plain[:limit_chars]}`" if plain else ""
