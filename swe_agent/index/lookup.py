"""Symbols by name, and the lines that use a name."""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from swe_agent.core.protocols import TreeReader
from swe_agent.index.build import build
from swe_agent.index.cache import Cache
from swe_agent.index.corpus import TF_BITS, Corpus, Place
from swe_agent.index.terms import terms_of


@dataclass(frozen=True, slots=True)
class Use:
    """A line that holds a name."""

    path: str
    line: int
    text: str


def corpus_of(reader: TreeReader) -> Corpus:
    """The corpus of a tree that is no folder of the host; kept by its top-level names."""
    names = sorted({path.partition("/")[0] for path in reader.paths()})
    cache = Cache("tree:" + "\0".join(names))
    try:
        return build(reader, cache).corpus
    finally:
        cache.close()


def symbols(corpus: Corpus, name: str) -> list[Place]:
    """Definitions called so: by last name, or by the end of the qualified one, with or without its
    module (`method`, `Class.method`, `package.module.Class`)."""
    wanted = name.replace("::", ".").replace("/", ".").strip(".() ")
    found = [corpus.places[n] for n in corpus.named.get(wanted.rpartition(".")[2], ())]
    return [place for place in found if place.length and _dotted(place).endswith(f".{wanted}")]


def members(corpus: Corpus, place: Place) -> list[Place]:
    """What a class defines, in order."""
    inside = f"{place.qualified}."
    found = (corpus.places[n] for n in corpus.by_path[place.path])
    return [member for member in found if member.qualified.startswith(inside)]


def _dotted(place: Place) -> str:
    module = place.path.rpartition(".")[0].removesuffix("/__init__").replace("/", ".")
    return f".{module}.{place.qualified}"


def near(corpus: Corpus, name: str) -> list[str]:
    """Known names like one that is not known, best first."""
    last = name.rpartition(".")[2]
    by_lower = {known.lower(): known for known in corpus.named}
    close = difflib.get_close_matches(last.lower(), by_lower, n=5, cutoff=0.7)
    return [by_lower[lower] for lower in close]


def uses(corpus: Corpus, reader: TreeReader, name: str) -> Iterator[Use]:
    """Lines of source that hold a name as a whole word, by path and line."""
    known = terms_of(name)
    if not known:
        return
    numbers = (packed >> TF_BITS for packed in corpus.posting(known[-1]))
    paths = {corpus.places[n].path for n in numbers if corpus.places[n].length}
    word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
    for path in sorted(paths):
        text = reader.read(path).decode("utf-8", "replace")
        if name not in text:
            continue
        for line, row in enumerate(text.split("\n"), 1):
            if word.search(row):
                yield Use(path, line, row.strip()[:200])
