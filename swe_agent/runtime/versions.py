"""Which Python minor versions a specifier allows; patch releases are not told apart."""

import re

Version = tuple[int, int]
"""Major and minor."""

_CLAUSE = re.compile(r"^(===?|~=|!=|<=|>=|<|>|\^|~)?\s*v?(\d+)(?:\.(\d+|\*))?(?:\.(\d+|\*))?")


def version_of(text: str) -> Version | None:
    """Major and minor of a version's text; None where it has no minor.

    >>> version_of("3.9.18"), version_of("pypy3"), version_of("3")
    ((3, 9), None, None)
    """
    match = re.match(r"^\s*v?(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else None


def shown(version: Version) -> str:
    """
    >>> shown((3, 9))
    '3.9'
    """
    return f"{version[0]}.{version[1]}"


def allows(specifier: str, version: Version) -> bool:
    """Whether some patch release of a minor version fits; a clause that is not understood is no
    obstacle.

    >>> [allows(s, (3, 9)) for s in (">=3.6,<3.9", "^3.8", "~=3.8", "==3.9.*", ">=3.7, !=3.9.1")]
    [False, True, True, True, True]
    """
    return any(
        all(_clause_allows(clause.strip(), version) for clause in choice.split(","))
        for choice in specifier.replace("||", "|").split("|")
    )


def _clause_allows(clause: str, version: Version) -> bool:
    match = _CLAUSE.match(clause)
    if not match:
        return True
    sign, major = match[1] or "==", int(match[2])
    has_minor = match[3] is not None and match[3] != "*"
    named = (major, int(match[3])) if has_minor else (major, 0)
    has_patch = match[4] is not None and match[4] != "*"
    match sign:
        case ">=" | ">":
            return version >= named
        case "<" | "<=":
            is_within = sign == "<=" and not has_minor and version[0] == major
            return version < named or is_within or (version == named and has_patch)
        case "!=":
            return has_patch or (version != named if has_minor else version[0] != major)
        case "^":
            return version >= named and version[0] == major
        case "~=" | "~":
            is_pinned = has_patch or (sign == "~" and has_minor)
            return version == named if is_pinned else version >= named and version[0] == major
        case _:
            return version == named if has_minor else version[0] == major
