"""How test commands set pytest up."""

import pytest

from swe_agent.verify.launching import environment_of, interpreters_of, options_of


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("/env/bin/python3.11 -m pytest", ["/env/bin/python3.11"]),
        ("cd src && ../env/bin/pytest -q", ["../env/bin/python"]),
        ("python -m pytest tests/python", []),
        ("pytest 'unclosed", []),
    ],
)
def test_interpreters_are_those_that_are_named_by_a_path(command: str, found: list[str]) -> None:
    assert interpreters_of([command]) == found


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("A=1 PYTHONPATH='x y' python -m pytest B=2", {"A": '"1"', "PYTHONPATH": '"x y"'}),
        ("env A='`b`' pytest", {"A": r'"\`b\`"'}),
        ("python -m pytest -k a=b", {}),
        ("A=1 make test", {}),
    ],
)
def test_variables_are_those_that_stand_before_the_command(
    command: str, found: dict[str, str]
) -> None:
    assert environment_of([command]) == found


def test_options_are_those_that_set_pytest_up() -> None:
    command = "pytest -x -Wignore -o addopts= --import-mode=importlib -k good tests && echo -c"
    assert options_of([command]) == ["-Wignore", "-o", "addopts=", "--import-mode=importlib"]
