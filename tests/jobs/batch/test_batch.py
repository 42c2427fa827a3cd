"""The order of things in a batch: what is begun, tried again, parked, stopped, resumed."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from swe_agent.core.errors import ExitCode
from swe_agent.jobs.batch import Parts, earlier_spending, run_batch
from swe_agent.jobs.batch_rows import Done, Row
from swe_agent.jobs.executors.executor import Executor, Job
from swe_agent.jobs.executors.threads import Threads
from swe_agent.jobs.folder import BatchFolder
from swe_agent.jobs.tasks_instance import Instance

ABOUT = {"model": "m", "tasks": "t"}
Work = Callable[[Job], Done]


def tasks(count: int) -> list[Instance]:
    return [Instance(id=f"t-{number}") for number in range(count)]


def fine(job: Job, cost: float = 0.25) -> Done:
    row = Row(
        instance_id=job.instance.id, state="done", verdict="verified", exit_code=0, spent_usd=cost
    )
    return Done(row=row, patch=f"patch of {job.instance.id}")


def bad(job: Job, failure: str, **more: object) -> Done:
    state = "parked" if failure == "parked" else "failed"
    code = 7 if failure in ("model", "parked", "access") else 6
    row = Row(instance_id=job.instance.id, state=state, failure=failure, exit_code=code)
    return Done(row=row, **more)


class OneByOne:
    """An executor that does a job when it is asked for."""

    def __init__(self, work: Work, slots: int = 1) -> None:
        self.slots, self._work = slots, work
        self._jobs: list[Job] = []
        self.most = 0

    def start(self, job: Job) -> None:
        assert len(self._jobs) < self.slots
        self._jobs.append(job)
        self.most = max(self.most, len(self._jobs))

    def next_done(self, timeout_s: float) -> Done | None:
        return self._work(self._jobs.pop(0)) if self._jobs else None

    def close(self) -> None:
        assert not self._jobs


_proof: type[Executor] = OneByOne


class Told:
    """Remembers what a board is told."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.said: list[str] = []

    def row(self, row: Row) -> None:
        self.rows.append(row)

    def say(self, text: str) -> None:
        self.said.append(text)


class Clock:
    """Time that passes only in waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


def run(
    place: Path, work: Work, count: int = 4, slots: int = 1, redo: bool = False, **more: object
) -> tuple[ExitCode, list[str], dict[str, Row]]:
    """Run a batch; the code, the ids in the order of their beginning, the rows."""
    begun: list[str] = []

    def noted(job: Job) -> Done:
        begun.append(job.instance.id)
        return work(job)

    clock = Clock()
    with BatchFolder(place, ABOUT) as folder:
        parts = Parts(folder, OneByOne(noted, slots), Told(), clock=clock, wait=clock.wait, **more)
        code = run_batch(tasks(count), parts, redo)
        return code, begun, dict(folder.rows)


def test_every_task_is_done_once_in_its_order(tmp_path: Path) -> None:
    code, begun, rows = run(tmp_path, fine)
    assert code == 0
    assert begun == ["t-0", "t-1", "t-2", "t-3"]
    assert {row.state for row in rows.values()} == {"done"}


def test_a_second_life_does_only_what_is_left(tmp_path: Path) -> None:
    def half(job: Job) -> Done:
        return fine(job) if job.instance.id in ("t-0", "t-2") else bad(job, "model")

    code, _, rows = run(tmp_path, half)
    assert code == 7
    assert rows["t-1"].failure == "model"
    code, begun, _ = run(tmp_path, fine)
    assert (code, begun) == (0, ["t-1", "t-3"])


def test_a_batch_that_was_killed_knows_what_was_under_way(tmp_path: Path) -> None:
    def killed(job: Job) -> Done:
        if job.instance.id == "t-1":
            raise KeyboardInterrupt
        return fine(job)

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, killed)
    code, begun, rows = run(tmp_path, fine)
    assert (code, begun) == (0, ["t-1", "t-2", "t-3"])
    assert rows["t-1"].tries == 2


def test_redo_begins_anew_and_keeps_the_old_runs(tmp_path: Path) -> None:
    run(tmp_path, fine, count=2)
    (tmp_path / "runs/t-0").mkdir()
    (tmp_path / "runs/t-0/events.jsonl").write_text("old")
    code, begun, _ = run(tmp_path, fine, count=2, redo=True)
    assert (code, begun) == (0, ["t-0", "t-1"])
    assert (tmp_path / "runs/t-0~1/events.jsonl").read_text() == "old"


def test_never_more_than_there_are_slots(tmp_path: Path) -> None:
    with BatchFolder(tmp_path, ABOUT) as folder:
        executor = OneByOne(fine, slots=3)
        run_batch(tasks(10), Parts(folder, executor, Told()))
    assert executor.most == 3


def test_an_environment_that_fails_is_tried_again_later(tmp_path: Path) -> None:
    tried: Counter[str] = Counter()

    def flaky(job: Job) -> Done:
        tried[job.instance.id] += 1
        if job.instance.id == "t-0" and tried["t-0"] == 1:
            return bad(job, "environment", again_in_s=5.0)
        return fine(job)

    code, begun, rows = run(tmp_path, flaky)
    assert (code, begun) == (0, ["t-0", "t-1", "t-2", "t-3", "t-0"])
    assert rows["t-0"].tries == 2


def test_a_parked_task_lets_the_others_go_on_and_is_waited_for_a_little(tmp_path: Path) -> None:
    parked: list[str] = []

    def closed(job: Job) -> Done:
        if job.instance.id == "t-1" and not parked:
            parked.append("t-1")
            return bad(job, "parked", again_in_s=200.0)
        return fine(job)

    code, begun, _ = run(tmp_path, closed)
    assert (code, begun) == (0, ["t-0", "t-1", "t-2", "t-3", "t-1"])


def test_a_task_parked_for_a_day_is_left_for_another_life(tmp_path: Path) -> None:
    def closed(job: Job) -> Done:
        if job.instance.id == "t-1":
            return bad(job, "parked", again_in_s=86_400.0)
        return fine(job)

    code, begun, rows = run(tmp_path, closed)
    assert (code, begun) == (7, ["t-0", "t-1", "t-2", "t-3"])
    assert rows["t-1"].state == "parked"


def test_a_provider_that_parks_everybody_ends_the_batch(tmp_path: Path) -> None:
    code, begun, _ = run(tmp_path, lambda job: bad(job, "parked", again_in_s=86_400.0), count=50)
    assert (code, len(begun)) == (7, 3)


def test_a_refused_key_stops_the_batch_and_leaves_it_resumable(tmp_path: Path) -> None:
    def refused(job: Job) -> Done:
        if job.instance.id == "t-1":
            return bad(job, "access", stops=ExitCode.MODEL)
        return fine(job)

    code, begun, rows = run(tmp_path, refused)
    assert (code, begun) == (7, ["t-0", "t-1"])
    assert rows["t-3"].state == "waiting"
    assert run(tmp_path, fine)[:2] == (0, ["t-1", "t-2", "t-3"])


def test_a_full_disk_is_waited_out(tmp_path: Path) -> None:
    looks = iter([False, False, True])
    tried: list[str] = []

    def full(job: Job) -> Done:
        tried.append(job.instance.id)
        return bad(job, "disk", again_in_s=0.0) if len(tried) == 1 else fine(job)

    code, begun, _ = run(tmp_path, full, has_room=lambda: next(looks))
    assert (code, sorted(begun)) == (0, ["t-0", "t-0", "t-1", "t-2", "t-3"])
    assert next(looks, None) is None


def test_a_gate_holds_a_task_back_until_there_is_room(tmp_path: Path) -> None:
    class Narrow:
        """Lets one in at a time."""

        def __init__(self) -> None:
            self.released_ids: list[str] = []

        def why_not(self, instance: Instance, under_way: int) -> str:
            return "no memory" if under_way else ""

        def released(self, instance: Instance) -> None:
            self.released_ids.append(instance.id)

    gate = Narrow()
    with BatchFolder(tmp_path, ABOUT) as folder:
        executor = OneByOne(fine, slots=4)
        assert run_batch(tasks(4), Parts(folder, executor, Told(), gate=gate)) == 0
    assert executor.most == 1
    assert gate.released_ids == ["t-0", "t-1", "t-2", "t-3"]


def test_threads_do_every_job_once(tmp_path: Path) -> None:
    with BatchFolder(tmp_path, ABOUT) as folder:
        assert run_batch(tasks(40), Parts(folder, Threads(8, fine), Told())) == 0
        assert len(folder.rows) == 40


def test_spending_of_earlier_lives_counts(tmp_path: Path) -> None:
    run(tmp_path, fine, count=4)
    with BatchFolder(tmp_path, ABOUT) as folder:
        assert earlier_spending(folder, tasks(4)).usd == pytest.approx(1.0)


def test_the_last_stretch_begins_with_the_slowest_repositories(tmp_path: Path) -> None:
    slow = {"t-1", "t-5"}

    def work(job: Job) -> Done:
        done = fine(job)
        took = 100.0 if job.instance.id in slow else 1.0
        return done.model_copy(update={"row": done.row.model_copy(update={"duration_s": took})})

    many = [Instance(id=f"t-{n}", repo="s/s" if f"t-{n}" in slow else "f/f") for n in range(6)]
    begun: list[str] = []

    def noted(job: Job) -> Done:
        begun.append(job.instance.id)
        return work(job)

    with BatchFolder(tmp_path, ABOUT) as folder:
        run_batch(many, Parts(folder, OneByOne(noted), Told()))
    assert begun == ["t-0", "t-1", "t-5", "t-2", "t-3", "t-4"]


def codes(failures: Sequence[str]) -> dict[str, str]:
    return {f"t-{at}": failure for at, failure in enumerate(failures)}


@pytest.mark.parametrize(
    ("failures", "code"),
    [(["", "environment"], 6), (["model", "environment"], 6), (["", "model"], 7)],
)
def test_the_exit_code_says_why_some_are_not_done(
    tmp_path: Path, failures: list[str], code: int
) -> None:
    why = codes(failures)

    def work(job: Job) -> Done:
        failure = why[job.instance.id]
        return bad(job, failure) if failure else fine(job)

    assert run(tmp_path, work, count=2)[0] == code
