"""Words of code and of issues as search terms: identifiers whole and in their parts, stemmed."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_PROSE_WORD = re.compile(r"[A-Za-z][A-Za-z']+")
_LITERAL = re.compile(r"\"[^\"\n]{8,300}\"|'[^'\n]{8,300}'")
_PLACEHOLDER = re.compile(r"%\(?\w*\)?[sdrf]|\{[^}]*\}|\\[nt]")
_DIGITS = "0123456789"
_KEPT = frozenset(b"_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_BLANKED = bytes(byte if byte in _KEPT else 32 for byte in range(256))
"""A table that leaves ASCII letters, digits and underscores."""
LONGEST = 64
"""Characters of an identifier; longer ones are machine-made."""

_STOP_WORDS = """a about above after again all also always am an and any are as at be because been
before being below between both but by can cannot could did do does doing don down during each else
even few for from further get gets getting got had has have having he her here hers him his how
however i if in into is isn it its itself just let like ll make may me might more most must my
no nor not now of off on once one only or other our out over own please re same see seems she
should since so some still such than that the their them then there these they thing this those
through to too try trying two under until up us use used using ve very want was way we were what
when where which while who why will with without would yes you your
self cls none true false def class return import elif pass lambda yield async await del global
nonlocal raise except finally assert var const function void null undefined"""
_STOP = frozenset(_STOP_WORDS.split())


def is_stop(word: str) -> bool:
    """Whether a lower-case word says nothing about a place in code."""
    return word in _STOP


@lru_cache(maxsize=200_000)
def terms_of(identifier: str) -> tuple[str, ...]:
    """The terms of one identifier: its parts, and the whole where it has several.

    >>> terms_of("getUserNames"), terms_of("the"), terms_of("parse_header")
    (('get', 'user', 'nam', 'getusernames'), (), ('pars', 'header', 'parse_header'))
    """
    identifier = identifier.lstrip(_DIGITS)
    if len(identifier) > LONGEST:
        return ()
    whole = identifier.lower().strip("_")
    parts = [part.lower() for part in _PART.findall(identifier)]
    if len(parts) < 2:
        return () if whole in _STOP or len(whole) < 2 else (stem(whole),)
    found = [stem(part) for part in parts if (len(part) > 1 and part not in _STOP) or part == "get"]
    return (*found, whole)


def counted(text: str) -> dict[str, int]:
    """How often each term occurs in a text."""
    found: dict[str, int] = {}
    count_into(found, text)
    return found


def count_into(found: dict[str, int], text: str, weight: int = 1) -> None:
    """Add the terms of a text to counts, each occurrence as `weight`."""
    plain = text.encode("ascii", "replace").translate(_BLANKED).decode("ascii")
    for identifier, count in Counter(plain.split()).items():  # a third of what a pattern takes
        for term in terms_of(identifier):
            found[term] = found.get(term, 0) + count * weight


def shingles(text: str) -> list[str]:
    """Three words in a row as one term each, of a text that code may hold literally.

    >>> shingles("line 3 has no colon")
    ['line has no', 'has no colon']
    """
    words = [word.lower() for word in _PROSE_WORD.findall(text)]
    return [" ".join(words[i : i + 3]) for i in range(len(words) - 2)]


def literal_shingles(text: str) -> Iterator[str]:
    """The shingles of a text's string literals that lie on one line."""
    for literal in _LITERAL.findall(text):
        if literal.count(" ") > 1:
            yield from shingles(_PLACEHOLDER.sub(" ", literal[1:-1]))


def stem(word: str) -> str:
    """A word without the endings that change its use, not its sense.

    >>> [stem(w) for w in ("caches", "cached", "caching", "parses", "queries", "class", "string")]
    ['cach', 'cach', 'cach', 'pars', 'query', 'class', 'string']
    """
    if len(word) > 4:
        if word.endswith("ies"):
            return word[:-3] + "y"
        if word.endswith("ing") and len(word) > 6:
            return _short(word[:-3])
        if word.endswith("ed"):
            return _short(word[:-2])
        if word.endswith("es") and not word.endswith("ses"):
            return _short(word[:-2])
        if word.endswith("ses"):
            return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return _short(word[:-1])
    return word[:-1] if len(word) > 4 and word.endswith("e") else word


def _short(word: str) -> str:
    """A stem without a doubled last letter or a silent e."""
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aelosz":
        return word[:-1]
    return word[:-1] if len(word) > 4 and word.endswith("e") else word
