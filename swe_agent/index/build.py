"""From a tree to its corpus: only files whose bytes are new are parsed; bounded in time."""

import hashlib
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from swe_agent.core.protocols import TreeReader
from swe_agent.index.cache import Cache
from swe_agent.index.corpus import Corpus
from swe_agent.index.record import is_source, packed, record_of, unpacked
from swe_agent.index.workers import Chunk, made_apart

LIMIT_S = 120.0
MOST_FILES = 100_000
_PARALLEL_BYTES = 2_000_000
"""Below it, starting a second process costs more than it saves."""
_CHUNK_BYTES = 400_000
_MOST_WORKERS = 4
_REWRITE_SHARE = 0.02
"""Share of files that must be new before the merged corpus is written again."""
_DEAD_SHARE = 0.3
_KEPT_AT_ONCE = 500
"""Records that are written to the cache in one go."""


@dataclass(frozen=True, slots=True)
class Build:
    """What indexing came to."""

    corpus: Corpus
    parsed: int
    """Files whose records were made now."""
    left_out: int
    """Source files that are not in, because time or number ran out."""
    seconds: float


def build(
    reader: TreeReader, cache: Cache, corpus: Corpus | None = None, limit_s: float = LIMIT_S
) -> Build:
    """Bring a corpus up to the tree.

    Args:
        reader: the tree.
        cache: what earlier builds kept; it gets what this one makes.
        corpus: an earlier corpus of this process, changed in place; None: the one in the cache.
        limit_s: when parsing stops; what is not parsed by then is left out and counted.
    """
    began = time.monotonic()
    keys, skipped = _keys(reader)
    known = corpus or cache.corpus() or Corpus()
    for path in [p for p, key in known.keys.items() if keys.get(p) != key]:
        known.remove(path)
    if known.waste > _DEAD_SHARE:
        known = Corpus()
    new = {path: key for path, key in keys.items() if path not in known.keys}
    parsed = _taken_in(new, known, reader, cache, began + limit_s)
    if len(new) > _REWRITE_SHARE * len(keys):
        cache.keep_corpus(known)
    left_out = skipped + len(keys) - len(known.keys)
    return Build(known, parsed, left_out, time.monotonic() - began)


def _taken_in(
    new: Mapping[str, str], corpus: Corpus, reader: TreeReader, cache: Cache, end: float
) -> int:
    """Add new files to a corpus, by their kept records, else by ones made now; how many were made.

    Records are let go of one by one: those of a large repository do not fit in memory together.
    """
    alike: dict[str, list[str]] = {}
    for path, key in new.items():
        alike.setdefault(key, []).append(path)
    for key, body in cache.records(new.values()):
        _add(corpus, alike.pop(key, ()), key, body)
    missing = {paths[0]: key for key, paths in alike.items()}
    fresh: dict[str, bytes] = {}
    made = 0
    for path, body in _made(reader, missing, end):
        key = missing[path]
        _add(corpus, alike.pop(key), key, body)
        fresh[key] = body
        made += 1
        if len(fresh) >= _KEPT_AT_ONCE:
            cache.keep_records(fresh)
            fresh.clear()
    cache.keep_records(fresh)
    return made


def _add(corpus: Corpus, paths: Iterable[str], key: str, body: bytes) -> None:
    record = unpacked(body)
    for path in paths:
        corpus.add(path, key, record)


def _keys(reader: TreeReader) -> tuple[dict[str, str], int]:
    """Hash and suffix of each source file, and how many were skipped for their number."""
    sources = [path for path in reader.paths() if is_source(path)]
    keys: dict[str, str] = {}
    for path in sources[:MOST_FILES]:
        entry = reader.entry(path)
        if entry is not None and entry.kind == "file":
            blob = entry.blob or hashlib.sha256(reader.read(path)).hexdigest()
            keys[path] = f"{blob}.{path.rpartition('.')[2].lower()}"
    return keys, max(0, len(sources) - MOST_FILES)


def _made(reader: TreeReader, missing: Iterable[str], end: float) -> Iterator[tuple[str, bytes]]:
    """Packed records of files, in this process or in several; stops at `end`."""
    chunks = _chunks(reader, missing)
    first = [next(chunks, []) for _ in range(1 + _PARALLEL_BYTES // _CHUNK_BYTES)]
    if not first[-1] or (os.cpu_count() or 1) < 2:
        for chunk in [*first, *chunks]:
            for path, content in chunk:
                if time.monotonic() > end:
                    return
                yield path, packed(record_of(path, content))
        return
    workers = min(_MOST_WORKERS, os.cpu_count() or 1)
    yield from made_apart(chain(first, chunks), end, workers)


def _chunks(reader: TreeReader, missing: Iterable[str]) -> Iterator[Chunk]:
    """Files with their bytes, in pieces of about equal work."""
    chunk: Chunk = []
    size = 0
    for path in missing:
        try:
            content = reader.read(path)
        except KeyError:
            continue
        chunk.append((path, content))
        size += len(content)
        if size > _CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
