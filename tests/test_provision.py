"""Which Python a project gets."""

import pytest

from swe_agent.provision import best_python
from swe_agent.runtime.pyproject import PythonFacts
from swe_agent.runtime.versions import Version

HERE = (3, 11)
OTHERS = ((3, 7), (3, 9), (3, 13))


@pytest.mark.parametrize(
    ("facts", "best"),
    [
        (PythonFacts(), HERE),
        (PythonFacts(requires=">=3.8"), HERE),
        (PythonFacts(requires="<3.11"), (3, 9)),
        (PythonFacts(requires=">=3.12"), (3, 13)),
        (PythonFacts(requires=">=3.14"), None),
        (PythonFacts(requires=">=3.6", pinned=((3, 9),)), (3, 9)),
        (PythonFacts(requires=">=3.6", pinned=((3, 8),)), HERE),
        (PythonFacts(listed=((3, 6), (3, 7))), (3, 7)),
        (PythonFacts(listed=((3, 9), (3, 11))), HERE),
        (PythonFacts(requires=">=3.8", listed=((3, 7),)), HERE),
    ],
    ids=str,
)
def test_the_best_python_is_allowed_then_named_then_here(
    facts: PythonFacts, best: Version | None
) -> None:
    assert best_python(facts, HERE, OTHERS) == best


def test_an_image_without_python_takes_any_other() -> None:
    assert best_python(PythonFacts(requires=">=3.8"), None, OTHERS) == (3, 13)
