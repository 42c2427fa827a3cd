"""C and C++ as a grammar can read it: macros that stand where no expression may are blanked.

Without the preprocessor's work, `API_EXPORT class X {` and `void f() NO_THROW {` are syntax errors
that hide what they define. Only words in capitals with an underscore are taken for macros.
"""

import re

_WORD = rb"[A-Z][A-Z0-9]*_[A-Z0-9_]*"
_CALL = rb"(?:[(][^()\n]*[)])?"
_BEGINNINGS = (
    rb"template|class|struct|enum|union|inline|static|extern|auto|constexpr|using|namespace|typedef"
    rb"|const|void|int|bool|char|explicit|virtual|unsigned|size_t|friend"
)
_MACROS = re.compile(
    rb"^[ \t]*(?P<before>" + _WORD + rb")(?=[ \t]*\r?$|[ \t]+(?:" + _BEGINNINGS + rb")\b)"
    rb"|\b(?:class|struct|union|enum)[ \t]+(?P<within>" + _WORD + _CALL + rb")"
    rb"(?=[ \t]+[A-Za-z_]\w*[ \t]*(?:final\b[ \t]*)?[{:\n])"
    rb"|[)][ \t]*(?:const[ \t]+)?(?P<after>" + _WORD + _CALL + rb")(?=\s{0,40}[{])",
    re.MULTILINE,
)


def without_macros(source: bytes) -> bytes:
    """The source with such macros as blanks, of the same length.

    >>> without_macros(b"class MY_API Shape : public Base {};")
    b'class        Shape : public Base {};'
    """
    return _MACROS.sub(_blanked, source)


def _blanked(match: re.Match[bytes]) -> bytes:
    whole, at = match[0], match.start()
    first, last = match.span(match.lastgroup or 0)
    return whole[: first - at] + b" " * (last - first) + whole[last - at :]
