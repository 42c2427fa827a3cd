"""All units of a repository with an inverted index over their terms, scored by BM25."""

import marshal
import math
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from sys import intern

from swe_agent.index.record import CODE, Record
from swe_agent.index.terms import counted

TF_BITS = 6
_TF_MASK = (1 << TF_BITS) - 1
K1 = 3.2
B = 0.4
"""BM25, over counts in halves: how soon repeating a term stops to matter, and how much long units
are held back."""


@dataclass(slots=True)
class Place:
    """A unit in the corpus."""

    path: str
    qualified: str
    kind: str
    first: int
    last: int
    length: int
    """Terms in it, in halves, at least 1; 0 once it is taken out."""


@dataclass(slots=True)
class Corpus:
    """Units by number, and for each term the units that hold it."""

    places: list[Place] = field(default_factory=list)
    postings: "dict[str, array[int] | bytes]" = field(default_factory=dict)
    """Unit number shifted left by 6 bits, its count of the term (in halves, at most 63) in them;
    bytes as they were kept until a file is added that holds the term."""
    by_path: dict[str, list[int]] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    """Hash of the bytes of each file that is in."""
    total_length: int = 0
    named: dict[str, list[int]] = field(default_factory=dict)
    """Units of functions and classes by the last of their names."""
    calls: list[tuple[str, ...]] = field(default_factory=list)
    """Names that each unit calls, each once."""
    bases: dict[int, tuple[str, ...]] = field(default_factory=dict)
    """Last names of what a class inherits from."""
    imports: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Each file's import statements."""

    def add(self, path: str, key: str, record: Record) -> None:
        """Take a file in; it must not be in."""
        numbers = []
        around = counted(path.rpartition(".")[0].replace("/", " "))
        for unit in record.units:
            number = len(self.places)
            numbers.append(number)
            terms = dict(unit.terms)
            for term, count in around.items():
                terms[term] = terms.get(term, 0) + CODE * count
            length = sum(terms.values()) or 1
            self.places.append(
                Place(path, unit.qualified, unit.kind, unit.first, unit.last, length)
            )
            self.total_length += length
            if unit.qualified:
                name = unit.qualified.rpartition(".")[2]
                self.named.setdefault(name, []).append(number)
            self.calls.append(tuple(map(intern, unit.calls)))  # one copy of names that recur
            if unit.bases:
                self.bases[number] = unit.bases
            self._post(number, terms)
        self.by_path[path] = numbers
        self.imports[path] = tuple(map(intern, record.imports))
        self.keys[path] = key

    def _post(self, number: int, terms: Mapping[str, int]) -> None:
        """Let a unit be found by its terms."""
        postings, shifted = self.postings, number << TF_BITS
        for term, count in terms.items():
            posting = postings.get(term)
            if posting.__class__ is not array:
                posting = postings[term] = array("I", posting or b"")
            posting.append(shifted | (count if count < _TF_MASK else _TF_MASK))

    def remove(self, path: str) -> None:
        """Take a file out: its units keep their numbers and are never found again."""
        for number in self.by_path.pop(path, ()):
            self.total_length -= self.places[number].length
            self.places[number].length = 0
        self.keys.pop(path, None)
        self.imports.pop(path, None)

    def packed(self) -> bytes:
        """The corpus as bytes for the cache."""
        places = [(p.path, p.qualified, p.kind, p.first, p.last, p.length) for p in self.places]
        postings = {term: bytes(posting) for term, posting in self.postings.items()}
        state = (places, postings, self.by_path, self.keys, self.calls, self.bases, self.imports)
        return marshal.dumps((array("I").itemsize, *state))

    @classmethod
    def unpacked(cls, content: bytes) -> "Corpus":
        """The corpus that `packed` made bytes of.

        Raises:
            ValueError, EOFError, TypeError: the bytes are damaged, or of another machine.
        """
        width, places, postings, by_path, keys, calls, bases, imports = marshal.loads(content)
        if width != array("I").itemsize:
            raise ValueError(f"integers of {width} bytes")
        corpus = cls(
            [Place(*row) for row in places], postings, by_path, keys, 0, {}, calls, bases, imports
        )
        for number, place in enumerate(corpus.places):
            corpus.total_length += place.length
            if place.qualified:
                name = place.qualified.rpartition(".")[2]
                corpus.named.setdefault(name, []).append(number)
        return corpus

    def posting(self, term: str) -> "array[int]":
        """The units that hold a term, packed as `postings` says; those taken out are among them."""
        return array("I", self.postings.get(term, b""))

    @property
    def waste(self) -> float:
        """Share of units that were taken out, in [0, 1]."""
        return 1 - self.alive / len(self.places) if self.places else 0.0

    @property
    def alive(self) -> int:
        """Number of units that are in."""
        return sum(map(len, self.by_path.values()))

    def score_units(self, query: Mapping[str, float]) -> dict[int, float]:
        """BM25 of every unit that holds a term of the query; the query's weights multiply."""
        alive = self.alive
        norms = self._norms(self.total_length / max(1, alive))
        scores: dict[int, float] = {}
        for term, weight in query.items():
            rows = [n for n in self.posting(term) if self.places[n >> TF_BITS].length]
            gain = _rarity(len(rows), alive) * weight * (K1 + 1)
            for packed in rows:
                number = packed >> TF_BITS
                count = packed & _TF_MASK
                scores[number] = scores.get(number, 0.0) + gain * count / (count + norms[number])
        return scores

    def _norms(self, mean: float) -> list[float]:
        return [K1 * (1 - B + B * place.length / mean) for place in self.places]


def scored_files(
    corpus: Corpus, query: Mapping[str, float], paths: Iterable[str]
) -> dict[str, float]:
    """BM25 of whole files over the same terms."""
    wanted = set(paths)
    counts: dict[str, dict[str, int]] = {}
    lengths = {path: sum(corpus.places[n].length for n in corpus.by_path[path]) for path in wanted}
    for term in query:
        for packed in corpus.posting(term):
            place = corpus.places[packed >> TF_BITS]
            if place.path in wanted and place.length:
                held = counts.setdefault(term, {})
                held[place.path] = held.get(place.path, 0) + (packed & _TF_MASK)
    mean = sum(lengths.values()) / max(1, len(lengths))
    scores: dict[str, float] = {}
    for term, held in counts.items():
        idf = _rarity(len(held), len(wanted))
        for path, count in held.items():
            norm = K1 * (1 - B + B * lengths[path] / mean)
            scores[path] = scores.get(path, 0.0) + query[term] * idf * count * (K1 + 1) / (
                count + norm
            )
    return scores


def _rarity(holding: int, of_all: int) -> float:
    """The inverse document frequency of a term, above 0."""
    return math.log(1 + (of_all - holding + 0.5) / (holding + 0.5))
