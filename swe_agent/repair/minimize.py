"""Makes a repair no larger than it has to be: each edit, and each part of one, is left out once."""

import difflib
import re
from dataclasses import replace

from swe_agent.repair.asking import guards_of
from swe_agent.repair.history import Seen, key_of
from swe_agent.repair.propose import Candidate, Edit

_WORDS = re.compile(r"\w+|[^\w\s]")


def least(
    candidate: Candidate, seen: Seen, targets: tuple[str, ...]
) -> tuple[Candidate, list[Candidate]]:
    """The smallest form of a repair that is known to pass all tests, and the forms smaller by one
    part that were not tried yet. Forms that were made and taken back do not count.
    """
    alone = seen.trials.get(targets, {})
    whole = seen.trials.get((*targets, *guards_of(seen, targets)), {})
    untried = []
    for form in reductions(candidate):
        key = key_of(form.edits)
        if key in seen.rejected or (key in alone and alone[key].status != "passed"):
            continue
        if key not in whole:
            untried.append(form)
        elif whole[key].status == "passed":
            return least(form, seen, targets)
    return candidate, untried


def reductions(candidate: Candidate) -> list[Candidate]:
    """The candidate without one of its edits, or without one of the places that an edit changes."""
    if candidate.made_of:
        return [*candidate.made_of]
    (edit,) = candidate.edits
    return [replace(candidate, edits=(part,)) for part in _parts(edit)]


def _parts(edit: Edit) -> list[Edit]:
    """The edit with one of its changed stretches of lines as it was, where it has several.

    What only puts the same words elsewhere has no parts: half a move is a copy, half an exchange
    says the same thing twice.
    """
    if sorted(_WORDS.findall(edit.old)) == sorted(_WORDS.findall(edit.new)):
        return []
    old, new = edit.old.splitlines(keepends=True), edit.new.splitlines(keepends=True)
    steps = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    changed = [at for at, step in enumerate(steps) if step[0] != "equal"]
    if len(changed) < 2:
        return []
    parts = []
    for kept_out in changed:
        lines = [
            line
            for at, (_, a, b, c, d) in enumerate(steps)
            for line in (old[a:b] if at == kept_out else new[c:d])
        ]
        parts.append(replace(edit, new="".join(lines)))
    return parts
