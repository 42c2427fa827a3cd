"""Which words of a docstring speak for which code: "in ascending order" for a call of `sorted`."""

import re
from functools import lru_cache

SPOKEN_FOR = 2.0
"""Factor for a change that writes what the docstring speaks of."""
_STEP = re.compile(r"^\s*(?:>>>|\.\.\.).*$", re.MULTILINE)

SPEAKS: tuple[tuple[str, str], ...] = (
    (r"sort|order|ascending|descending|alphabetic|lexicograph|smallest to|rank", r"\bsort(ed)?\("),
    (r"descending|decreasing|largest first|longest first|reverse order", r"reverse=True"),
    (r"absolute|distance|differ(?! from)|magnitude|close|near|apart|\bsign|deviat", r"\babs\("),
    (r"distinct|unique|duplicat|differing|different|set of|once", r"\bset\(| not in "),
    (
        r"ignor\w+ (?:the )?case|case.?insensitive|(?:upper|lower).{1,12}case|lower|capital"
        r"|case of|regardless of case|case does not|whatever (?:the|their) case",
        r"\.lower\(",
    ),
    (r"upper|capital", r"\.(upper|isupper|title)\("),
    (r"\bcapitali[sz]", r"\.capitalize\("),
    (r"lower", r"\.(lower|islower)\("),
    (r"swap|flip|revers\w+ case|invert", r"\.swapcase\("),
    (r"revers|backward|palindrom|mirror|from the end|back to front", r"\[::-1\]|\breversed\("),
    (r"\beven\b", r"% 2 == 0|% 2 != 1|not \w+ % 2"),
    (r"\bodd\b", r"% 2 == 1|% 2 != 0|% 2\b(?! [=!])"),
    (r"divisible|multiple|divisor|divides?\b|factor", r" % [^=!<>\n]+ [=!]= 0"),
    (r"remainder|modulo|\bwrap|around|circular|cyclic|again (?:at|from)|clock", r" %=? "),
    (r"\bdigits?\b|numeric", r"\.isdigit\(|\bint\(|\bstr\("),
    (r"letter|alphabet", r"\.isalpha\("),
    (r"alphanumeric", r"\.isalnum\("),
    (r"vowel|consonant", r"'[aeiouAEIOUyY]+'"),
    (r"whole|integer|truncat|floor|round\w* down", r"\bint\(|//"),
    (r"round\w* .{0,20}\bup|next whole|ceil", r"\bceil\("),
    (r"\bround|nearest|decimal", r"\bround\("),
    (r"longest|largest|maxim|greatest|biggest|at most|highest|best", r"\bmax\("),
    (r"shortest|smallest|minim|least|fewest|lowest", r"\bmin\("),
    (r"\bsum|total|add up|added|plus", r"\bsum\(| \+=? "),
    (r"\bminus|subtract|difference|less the", r" -=? "),
    (r"product|multipl|times|factorial", r" \*=? "),
    (r"average|mean\b|ratio|half|halves|divid|per cent|percent", r" //?=? "),
    (r"square|squared|power", r" \*\* |\b(\w+) \* \1\b"),
    (r"how many|number of|count|length|\bsize|long\b", r"\blen\(|\.count\(| \+= 1\b"),
    (r"positive", r" > 0| >= 0"),
    (r"negative", r" < 0"),
    (r"non-?zero|zeros?\b", r" != 0| == 0"),
    (r"at least|or more|minimum of", r" >= "),
    (r"at most|or less|or fewer|no more than|up to|inclusive|including", r" <= | \+ 1\b"),
    (r"within|\bedge|included|or equal|not (?:larger|greater|more|less|smaller)", r" <= | >= "),
    (r"more than|greater than|above|larger than|exceed|longer than|over\b", r" > "),
    (r"less than|below|smaller than|fewer than|under\b|shorter than", r" < "),
    (r"\bsame\b|equal|identical|match|exactly", r" == "),
    (r"differ|unequal|not the same|chang", r" != "),
    (r"\beither\b|\bor (?:by|if|ends?|begins?|starts?|is)\b", r" or "),
    (r"\bboth\b|\bneither\b|\band\b.{0,40}\bonly\b", r" and "),
    (r"\bfirst\b|begin|start", r"\[0\]|\[:1\]"),
    (r"\blast\b|\bend", r"\[-1\]|\[-1:\]"),
    (r"every (?:other|second)|alternat", r"::2\]| % 2\b|, 2\)"),
    (r"twice|double", r"\b2 \*| \* 2\b"),
    (r"empty|nothing|no (?:items|elements|words|numbers|values)", r"\bif not \w|\blen\(\w+\) == 0"),
    (r"\bstrip|whitespace|blank|trim|space", r"\.strip\(|\.isspace\(|\.split\(|' '"),
    (r"words?\b", r"\.split\(|\.join\("),
    (r"prefix|begin|start", r"\.startswith\("),
    (r"suffix|\bends?\b|ending", r"\.endswith\("),
    (r"title", r"\.title\("),
    (r"contain|part of|substring|that has|member|present|appear|occur", r" in "),
    (r"without|except|not in|other than|missing|skip|exclud|remov", r" not in | != |\bif not "),
    (r"\bpairs?\b|neighbo|adjacent|consecutive|next to", r" \+ 1\]| - 1\]|\bzip\("),
    (r"square root|prime", r"sqrt\(|\*\* 0\.5"),
)
"""What a docstring says, and what code that does so has in it."""


def spoken_for(prose: str, old: str, new: str) -> float:
    """How much a docstring speaks for a change: above 1 where it writes what that names.

    >>> spoken_for("All values, sorted.", "return found", "return sorted(found)")
    2.0
    """
    meant = _meant(prose.lower())
    fresh = any(len(code.findall(new)) > len(code.findall(old)) for code in meant)
    return SPOKEN_FOR if fresh else 1.0


def prose_of(name: str, docstring: str) -> str:
    """What a function's name and docstring say; the input of its examples does not count."""
    return f"{name.replace('_', ' ')}\n{_STEP.sub('', docstring)}"


@lru_cache(maxsize=256)
def _meant(prose: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(code) for words, code in SPEAKS if re.search(words, prose))
