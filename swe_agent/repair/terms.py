"""Terms: expressions over recorded values, with what they come to in each recorded state, and what
one or two terms can be joined to. Nothing of the project is run: the values are literals, and every
operation on them is named here.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

ATOM, SUM, COMPARISON, LOGIC = 3, 2, 1, 0
LENGTH_LIMIT = 400
"""Members or letters of a value; digits of a number."""
_NUMBER = (int, float)
_MANY = (list, tuple, set)
_SEVERAL = (str, list, tuple)
_COMMUTING = ("{} + {}", "{} * {}", "max({}, {})", "min({}, {})")


@dataclass(frozen=True, slots=True)
class Term:
    """An expression, and its value in each state."""

    text: str
    values: tuple[object, ...]
    cost: float = 1.0
    """How much is written, and how unusual it is here."""
    binds: int = ATOM
    """How tightly it holds together: from LOGIC (`a and b`) to ATOM (a name, a call)."""

    def operand(self, least: int) -> str:
        """The text, in parentheses where a place needs it tighter."""
        return self.text if self.binds >= least else f"({self.text})"

    @property
    def kind(self) -> type | None:
        """The type of its values; None where they differ."""
        first = type(self.values[0]) if self.values else None
        return first if all(type(value) is first for value in self.values) else None


@dataclass(frozen=True, slots=True)
class Form:
    """One way to make a term of one or two."""

    text: str
    """Of the new term; `{}` once for each part."""
    made: Callable[..., object]
    parts: tuple[tuple[type, ...], ...]
    """Types that each part may have."""
    cost: float = 1.0
    least: int = ATOM
    """How tightly the parts have to hold together; a part inside of brackets may be any."""
    binds: int = ATOM

    @property
    def commutes(self) -> bool:
        """Whether the other order of the parts makes nothing new; `a > b` is `b < a`."""
        if len(self.parts) == 1 or (self.binds == ATOM and "," not in self.text):
            return False
        is_number = set(self.parts[0]) <= set(_NUMBER)
        return (self.binds == COMPARISON and " in " not in self.text) or (
            is_number and self.text in _COMMUTING
        )


def joined(form: Form, *terms: Term) -> Term | None:
    """The terms, of the form's types, joined; None where that fails in any state or gets large."""
    try:
        values = tuple(map(form.made, *(term.values for term in terms)))
    except (ValueError, TypeError, ArithmeticError, LookupError):
        return None
    if not all(is_small(value) for value in values):
        return None
    text = form.text.format(*(term.operand(form.least) for term in terms))
    return Term(text, values, form.cost + sum(t.cost for t in terms), form.binds)


def behaviour(values: Sequence[object]) -> str:
    """What tells values from others; the same for equal ones, whatever the order in a set."""
    return "|".join(f"{type(v).__name__} {_shown(v)}" for v in values)


def is_small(value: object) -> bool:
    """Whether a value is worth going on with."""
    if isinstance(value, bool | float) or value is None:
        return True
    if isinstance(value, int):
        return value.bit_length() <= LENGTH_LIMIT
    if isinstance(value, str | list | tuple | set | dict):
        return len(value) <= LENGTH_LIMIT
    return False


def _shown(value: object) -> str:
    return repr(sorted(map(repr, value))) if isinstance(value, set) else repr(value)


def _times(one: object, two: object) -> object:
    size = len(one) * abs(two) if isinstance(one, str | list | tuple) else 0  # type: ignore[arg-type]
    if size > LENGTH_LIMIT:
        raise ValueError
    return one * two  # type: ignore[operator]


def _power(one: int, two: int) -> object:
    if not 0 <= two <= 32 or abs(one) > 10**6:
        raise ValueError
    return one**two


def _digits(text: str) -> int:
    if not text.strip("-").isdigit() or len(text) > 30:
        raise ValueError
    return int(text)


def _code(letter: str) -> int:
    return ord(letter)


def _in_order(values: object) -> object:
    return sorted(values)  # type: ignore[call-overload]


def _one(text: str, made: Callable[..., object], *types: type, cost: float = 1.0) -> Form:
    return Form(text, made, (types,), cost, ATOM if text.startswith(("{}", "-")) else LOGIC)


UNARY = (
    _one("len({})", len, str, list, tuple, set, dict),
    _one("abs({})", abs, *_NUMBER),
    _one("sorted({})", _in_order, str, *_MANY),
    _one("set({})", set, str, list, tuple, cost=1.2),
    _one("sum({})", sum, *_MANY),
    _one("max({})", max, *_MANY),
    _one("min({})", min, *_MANY),
    _one("str({})", str, *_NUMBER),
    _one("int({})", int, float),
    _one("int({})", _digits, str),
    _one("list({})", list, str, tuple, cost=1.2),
    _one("tuple({})", tuple, list, cost=1.4),
    _one("ord({})", _code, str, cost=1.3),
    _one("bool({})", bool, int, str, list, cost=1.6),
    _one("float({})", float, int, cost=1.6),
    _one("round({})", round, float, cost=1.2),
    _one("{}.lower()", str.lower, str),
    _one("{}.upper()", str.upper, str),
    _one("{}.strip()", str.strip, str),
    _one("{}.split()", str.split, str),
    _one("{}.swapcase()", str.swapcase, str, cost=1.2),
    _one("{}.title()", str.title, str, cost=1.3),
    _one("{}.capitalize()", str.capitalize, str, cost=1.2),
    _one("{}.isupper()", str.isupper, str),
    _one("{}.islower()", str.islower, str),
    _one("{}.isdigit()", str.isdigit, str),
    _one("{}.isalpha()", str.isalpha, str),
    _one("{}.isalnum()", str.isalnum, str, cost=1.2),
    _one("{}.isspace()", str.isspace, str, cost=1.2),
    _one("{}[0]", lambda v: v[0], *_SEVERAL),
    _one("{}[-1]", lambda v: v[-1], *_SEVERAL),
    _one("{}[1:]", lambda v: v[1:], *_SEVERAL),
    _one("{}[:-1]", lambda v: v[:-1], *_SEVERAL, cost=1.2),
    _one("{}[::-1]", lambda v: v[::-1], *_SEVERAL),
    _one("[{}]", lambda v: [v], int, str, list, tuple, cost=1.2),
    Form("-{}", lambda v: -v, (_NUMBER,), 1.2, ATOM, SUM),
    Form("{} + 1", lambda v: v + 1, (_NUMBER,), 1.3, SUM, SUM),
    Form("{} - 1", lambda v: v - 1, (_NUMBER,), 1.3, SUM, SUM),
    Form("{} % 2 == 0", lambda v: v % 2 == 0, ((int,),), 1.6, ATOM, COMPARISON),
    Form("{} % 2 == 1", lambda v: v % 2 == 1, ((int,),), 1.8, ATOM, COMPARISON),
    Form("not {}", lambda v: not v, ((bool, str, list, tuple, set, dict),), 1.0, COMPARISON, LOGIC),
)
"""Forms of one part."""


def _two(
    text: str, made: Callable[..., object], one: tuple[type, ...], two: tuple[type, ...]
) -> Form:
    cost = {"+": 0.8, "-": 0.8, "**": 1.4, "//": 1.1, "/": 1.1, "<=": 0.9, ">=": 0.9}
    sign = text.split(" ")[1] if text.startswith("{} ") else ""
    if sign in ("+", "-", "*", "/", "//", "%", "**"):
        return Form(text, made, (one, two), cost.get(sign, 1.0), ATOM, SUM)
    if sign:
        return Form(text, made, (one, two), cost.get(sign, 0.8), SUM, COMPARISON)
    return Form(text, made, (one, two), 1.0, ATOM, ATOM)


_PLAIN = (int, float, str, bool, list, tuple)
_ALIKE: tuple[tuple[type, ...], ...] = ((int, float), (str,), (list,), (tuple,), (bool,), (set,))
BINARY = (
    _two("{} + {}", lambda a, b: a + b, _NUMBER, _NUMBER),
    _two("{} - {}", lambda a, b: a - b, _NUMBER, _NUMBER),
    _two("{} * {}", _times, _NUMBER, _NUMBER),
    _two("{} // {}", lambda a, b: a // b, _NUMBER, _NUMBER),
    _two("{} % {}", lambda a, b: a % b, _NUMBER, _NUMBER),
    _two("{} / {}", lambda a, b: a / b, _NUMBER, _NUMBER),
    _two("{} ** {}", _power, (int,), (int,)),
    _two("max({}, {})", max, _NUMBER, _NUMBER),
    _two("min({}, {})", min, _NUMBER, _NUMBER),
    _two("{} + {}", lambda a, b: a + b, (str,), (str,)),
    _two("{} + {}", lambda a, b: a + b, (list,), (list,)),
    _two("{} * {}", _times, (str, list), (int,)),
    _two("{}[{}]", lambda a, b: a[b], _SEVERAL, (int,)),
    _two("{}[{}]", lambda a, b: a[b], (dict,), (int, str, tuple)),
    _two("{}[{}:]", lambda a, b: a[b:], _SEVERAL, (int,)),
    _two("{}[:{}]", lambda a, b: a[:b], _SEVERAL, (int,)),
    _two("{}.count({})", lambda a, b: a.count(b), (str,), (str,)),
    _two("{}.count({})", lambda a, b: a.count(b), (list, tuple), (int, str, float, tuple, list)),
    _two("{}.startswith({})", str.startswith, (str,), (str,)),
    _two("{}.endswith({})", str.endswith, (str,), (str,)),
    _two("{}.split({})", str.split, (str,), (str,)),
    _two("{}.join({})", str.join, (str,), (list, tuple)),
)
"""Forms of two parts with a value that is no flag, and those of texts that are asked."""

COMPARED = (
    *(_two("{} == {}", lambda a, b: a == b, alike, alike) for alike in _ALIKE),
    *(_two("{} != {}", lambda a, b: a != b, alike, alike) for alike in _ALIKE),
    _two("{} < {}", lambda a, b: a < b, _NUMBER, _NUMBER),
    _two("{} <= {}", lambda a, b: a <= b, _NUMBER, _NUMBER),
    _two("{} > {}", lambda a, b: a > b, _NUMBER, _NUMBER),
    _two("{} >= {}", lambda a, b: a >= b, _NUMBER, _NUMBER),
    _two("{} < {}", lambda a, b: a < b, (str,), (str,)),
    _two("{} > {}", lambda a, b: a > b, (str,), (str,)),
    _two("{} in {}", lambda a, b: a in b, (str,), (str,)),
    _two("{} not in {}", lambda a, b: a not in b, (str,), (str,)),
    _two("{} in {}", lambda a, b: a in b, _PLAIN, (list, tuple, set, dict)),
    _two("{} not in {}", lambda a, b: a not in b, _PLAIN, (list, tuple, set, dict)),
)
"""Forms of two parts that are asked."""


def of_one(term: Term) -> Iterator[Term]:
    """What one term can be made to."""
    for form in _forms_of_one(term.kind):
        made = joined(form, term)
        if made is not None and made.values != term.values:
            yield made


def of_two(one: Term, two: Term, is_asked: bool = False, is_turned: bool = False) -> Iterator[Term]:
    """What two terms can be joined to, in this order: a value, or else a condition; `is_turned`
    where the other order was had. What is always one of them, or nothing, is left out.
    """
    if one.text == two.text and (is_asked or one.kind not in _NUMBER):
        return
    for form in _forms_of_two(one.kind, two.kind, is_asked):
        if is_turned and form.commutes:
            continue
        if one.text == two.text and form.text != "{} * {}":
            continue
        made = joined(form, one, two)
        picks = form.text.startswith(("max(", "min("))
        if made is not None and (picks or made.values not in (one.values, two.values)):
            yield made


@cache
def _forms_of_one(kind: type | None) -> tuple[Form, ...]:
    return tuple(form for form in UNARY if kind in form.parts[0])


@cache
def _forms_of_two(one: type | None, two: type | None, is_asked: bool) -> tuple[Form, ...]:
    forms = COMPARED if is_asked else BINARY
    return tuple(form for form in forms if one in form.parts[0] and two in form.parts[1])
