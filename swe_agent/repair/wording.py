"""Which words of a docstring speak for which code: "in ascending order" for a call of `sorted`."""

import re
from functools import lru_cache

CALL, ASKED, COUNTED = 4.0, 3.0, 1.6
"""Factors for a change that writes what the docstring speaks of: a call of its own, a comparison or
connective, or what is in every other function.
"""
AGAINST = 0.6
"""Factor for a change that only takes away what the docstring speaks of."""
STEM = 6
"""Letters of a call's name that a docstring has to begin a word with."""
_CALLED = {
    "len": "length|long|size|how many|number of",
    "abs": "absolute|magnitude|distance",
    "startswith": "start|begin",
    "endswith": "end",
    "set": "distinct|unique|different|duplicate|set of",
    "sorted": "sort|order",
    "sum": "sum|total|add",
    "max": "max|largest|greatest|longest|highest|most",
    "min": "min|smallest|least|shortest|lowest|fewest",
    "isdigit": "digit",
    "isalpha": "letter|alphabet",
    "isupper": "upper|capital",
    "islower": "lower|small",
}
"""Beginnings of words that speak of a call, where they are not its name."""
_STEP = re.compile(r"^\s*(?:>>>|\.\.\.).*$", re.MULTILINE)

SPEAKS: tuple[tuple[str, str, float], ...] = (
    (
        r"sort|order|ascending|descending|alphabetic|lexicograph|smallest to|rank",
        r"\bsort(ed)?\(",
        CALL,
    ),
    (
        r"descending|decreasing|(?:larg|long|high|bigg|great)est first|reverse order",
        r"reverse=True",
        CALL,
    ),
    (
        r"absolute|distance|differ(?! from)|magnitude|close|near|apart|\bsign|deviat",
        r"\babs\(",
        CALL,
    ),
    (r"distinct|unique|duplicat|differing|different|set of|once", r"\bset\(| not in ", CALL),
    (
        r"ignor\w+ (?:the )?case|case.?insensitive|(?:upper|lower).{1,12}case|lower|capital"
        r"|case of|regardless of case|case does not|whatever (?:the|their) case",
        r"\.lower\(",
        CALL,
    ),
    (r"upper|capital", r"\.(upper|isupper|title)\(", CALL),
    (r"\bcapitali[sz]", r"\.capitalize\(", CALL),
    (r"lower", r"\.(lower|islower)\(", CALL),
    (r"swap|flip|revers\w+ case|invert", r"\.swapcase\(", CALL),
    (
        r"revers|backward|palindrom|mirror|from the end|back to front|est first|last first",
        r"\[::-1\]|\breversed\(",
        CALL,
    ),
    (r"\beven\b", r"% 2 == 0|% 2 != 1|not \w+ % 2", ASKED),
    (r"\bodd\b", r"% 2 == 1|% 2 != 0|% 2\b(?! [=!])", ASKED),
    (r"divisible|multiple|divisor|divides?\b|factor", r" % [^=!<>\n]+ [=!]= 0", ASKED),
    (r"remainder|modulo|\bwrap|around|circular|cyclic|again (?:at|from)|clock", r" %=? ", COUNTED),
    (r"\bdigits?\b|numeric", r"\.isdigit\(|\bint\(|\bstr\(", CALL),
    (r"letter|alphabet", r"\.isalpha\(", CALL),
    (r"alphanumeric", r"\.isalnum\(", CALL),
    (r"vowel|consonant", r"'[aeiouAEIOUyY]+'", CALL),
    (r"whole|integer|truncat|floor|round\w* down", r"\bint\(|//", COUNTED),
    (r"round\w* .{0,20}\bup|next whole|ceil", r"\bceil\(", CALL),
    (r"\bround|nearest|decimal", r"\bround\(", CALL),
    (r"longest|largest|maxim|greatest|biggest|highest|best", r"\bmax\(", CALL),
    (r"shortest|smallest|minim|least|fewest|lowest", r"\bmin\(", CALL),
    (r"\bsum|total|add up|added|plus", r"\bsum\(| \+=? ", COUNTED),
    (r"\bminus|subtract|difference|less the", r" -=? ", COUNTED),
    (r"product|multipl|times|factorial", r" \*=? ", COUNTED),
    (r"average|mean\b|ratio|half|halves|divid|per cent|percent", r" //?=? ", COUNTED),
    (r"square|squared|power", r" \*\* |\b(\w+) \* \1\b", COUNTED),
    (r"how many|number of|count|length|\bsize|long\b", r"\blen\(|\.count\(| \+= 1\b", COUNTED),
    (r"positive", r" > 0| >= 0", ASKED),
    (r"negative", r" < 0", ASKED),
    (r"non-?zero|zeros?\b", r" != 0| == 0", ASKED),
    (r"at least|or more|minimum of", r" >= ", ASKED),
    (r"at most|or less|or fewer|no more than", r" <= ", ASKED),
    (r"up to|inclusive|including|through", r" <= | \+ 1\)", ASKED),
    (r"never more|not more|no more|at most", r"\bmin\(", CALL),
    (r"never less|never below|not less|at least", r"\bmax\(", CALL),
    (
        r"skip|ignor|pass\w* over|left? out|leave out|not count|counts? for no",
        r"\bcontinue\b",
        ASKED,
    ),
    (r"otherwise|\belse\b|all other", r"\belse:", COUNTED),
    (r"\blast\b", r"== len\(\w+\) - 1", ASKED),
    (r"\bties?\b|equal|same|several|alphabet", r"key=lambda \w+: \(", ASKED),
    (r"larger than|longer than|round|again|circular|cyclic", r" %=? len\(", CALL),
    (
        r"within|\bedge|included|or equal|not (?:larger|greater|more|less|smaller)",
        r" <= | >= ",
        ASKED,
    ),
    (r"more than|greater than|above|larger than|exceed|longer than|over\b", r" > ", ASKED),
    (r"less than|below|smaller than|fewer than|under\b|shorter than", r" < ", ASKED),
    (r"\bsame\b|equal|identical|match|exactly", r" == ", ASKED),
    (r"differ|unequal|not the same|chang", r" != ", ASKED),
    (r"\beither\b|\bor (?:by|if|ends?|begins?|starts?|is)\b", r" or ", ASKED),
    (r"\bboth\b|\bneither\b|\band\b.{0,40}\bonly\b", r" and ", ASKED),
    (r"\bfirst\b|begin|start", r"\[0\]|\[:1\]", COUNTED),
    (r"\blast\b|\bend", r"\[-1\]|\[-1:\]", COUNTED),
    (r"every (?:other|second)|alternat", r"::2\]| % 2\b|, 2\)", ASKED),
    (r"twice|double", r"\b2 \*| \* 2\b", COUNTED),
    (
        r"empty|nothing|no (?:items|elements|words|numbers|values)",
        r"\bif not \w|\blen\(\w+\) == 0",
        ASKED,
    ),
    (r"\bstrip|whitespace|blank|trim|space", r"\.strip\(|\.isspace\(|\.split\(|' '", CALL),
    (r"words?\b", r"\.split\(|\.join\(", CALL),
    (r"prefix|begin|start", r"\.startswith\(", CALL),
    (r"suffix|\bends?\b|ending", r"\.endswith\(", CALL),
    (r"title", r"\.title\(", CALL),
    (r"contain|part of|substring|that has|member|present|appear|occur", r" in ", ASKED),
    (
        r"without|except|not in|other than|missing|skip|exclud|remov",
        r" not in | != |\bif not ",
        ASKED,
    ),
    (r"\bpairs?\b|neighbo|adjacent|consecutive|next to", r" \+ 1\]| - 1\]|\bzip\(", COUNTED),
    (r"square root|prime", r"sqrt\(|\*\* 0\.5", CALL),
)
"""What a docstring says, and what code that does so has in it."""


def spoken_for(prose: str, old: str, new: str) -> float:
    """How much a docstring speaks for a change: above 1 where it writes what that names, below 1
    where it only takes such away.

    >>> spoken_for("All values, sorted.", "return found", "return sorted(found)")
    4.0
    """
    meant = _meant(prose.lower())
    more = [(len(code.findall(new)) - len(code.findall(old)), f) for code, f in meant]
    dropped = any(count < 0 for count, _ in more)
    return max((f for count, f in more if count > 0), default=AGAINST if dropped else 1.0)


def names_call(prose: str, name: str) -> bool:
    """Whether a docstring speaks of what a call does, by the call's name or a usual word for it.

    >>> names_call("The sum of all values.", "sum"), names_call("All values.", "sum")
    (True, False)
    """
    words = _CALLED.get(name, re.escape(name[:STEM]) if len(name) > 2 else "$^")
    return re.search(rf"\b(?:{words})", prose.lower()) is not None


def prose_of(name: str, docstring: str) -> str:
    """What a function's name and docstring say; the input of its examples does not count."""
    return f"{name.replace('_', ' ')}\n{_STEP.sub('', docstring)}"


@lru_cache(maxsize=256)
def _meant(prose: str) -> tuple[tuple[re.Pattern[str], float], ...]:
    return tuple((re.compile(code), f) for words, code, f in SPEAKS if re.search(words, prose))
