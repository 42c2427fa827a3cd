"""Check 23: a repository of 100,000 files and 2 GB, a long line, a deep folder."""

import random
from pathlib import Path

import pytest

from tests.security.test_14_output_bombs import measured
from tests.solve.conftest import git

pytestmark = [pytest.mark.docker, pytest.mark.soak]
FILES, FILE_BYTES = 100_000, 20_000
PEAK_KB = 500_000


@pytest.fixture
def large(project: Path) -> Path:
    """The project among 100,000 other files."""
    rng = random.Random(23)
    for folder in range(FILES // 500):
        place = project / "many" / f"{folder % 20}" / f"{folder}"
        place.mkdir(parents=True)
        for number in range(500):
            (place / f"{number}.dat").write_bytes(rng.randbytes(FILE_BYTES))
    git(project, "-c", "core.compression=0", "add", "-A")  # random bytes do not shrink
    git(project, "-c", "gc.auto=0", "commit", "-q", "-m", "many")  # no gc works beside the run
    return project


def test_a_repository_of_two_gigabytes_is_worked_on_in_little_memory(large: Path) -> None:
    change = (
        "i=0; while [ $i -lt 50 ]; do echo changed >>many/$((i % 20))/$i/1.dat; i=$((i+1)); done"
    )
    found = measured(large, ["ls many | wc -l", change, "rm -rf many/3"])
    print(found["peak_kb"], found["first_action_s"], [row["duration_s"] for row in found["rows"]])
    assert found["peak_kb"] < PEAK_KB


def test_odd_sizes_are_worked_on(project: Path) -> None:
    make = (
        "head -c 1000000 /dev/zero | tr '\\0' x >line.txt; seq 1 200000 >long.txt; "
        "i=0; while [ $i -lt 1500 ]; do mkdir d && cd d || break; i=$((i+1)); done; echo 1 >f"
    )
    found = measured(project, [make, "cd /workspace; sed -i s/x/y/ line.txt long.txt; wc line.txt"])
    assert found["rows"][1]["data"]["exit_code"] == 0
    assert found["peak_kb"] < PEAK_KB
