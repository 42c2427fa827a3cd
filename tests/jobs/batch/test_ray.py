"""A batch on a Ray cluster of several nodes on this machine, one of which is lost. Needs
`pip install 'swe-agent[ray]'`."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from swe_agent.jobs.executors.pacing import paces_beside_the_batch
from tests.jobs.batch.conftest import Tasks, call

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]


@pytest.fixture
def cluster() -> Iterator[Any]:
    """A head that does no work, and two nodes with two processors each."""
    pytest.importorskip("ray", reason="swe-agent[ray] is not installed")
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    yield made
    made.shutdown()


def events(folder: Path, kind: str) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in (folder / "events.jsonl").read_bytes().splitlines()]
    return [row for row in rows if row["type"] == kind]


def test_a_lost_nodes_runs_go_on_elsewhere_and_no_reply_is_asked_for_twice(
    cluster: Any, tasks: Tasks
) -> None:
    nodes = [cluster.add_node(num_cpus=2), cluster.add_node(num_cpus=2)]
    tasks.write(6)
    go = tasks.folder / "go"
    for number in range(6):
        # All but the first are under way on both nodes until one of these is gone.
        waits = f"until [ -e {go} ]; do sleep 0.2; done" if number else "echo 0"
        slow = [call("shell", command=f"{waits}; echo {step}") for step in range(6)]
        fix = call("edit", path="calc.py", old="return a - b", new="return a + b")
        tasks.script(f"calc-{number}", [*slow, fix, call("submit", summary="done")])
    program = str(Path(sys.executable).with_name("swe-agent"))
    argv = [program, "batch", tasks.file, "-m", tasks.model, "-w", "4", "-q", "--json"]
    argv += ["--sandbox", "none", "-o", str(tasks.folder / "out"), "--ray-memory", "200"]
    argv += ["--executor", "ray", "--ray-address", cluster.address]
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    ) as batch:
        assert batch.stdout is not None
        first = json.loads(batch.stdout.readline())
        assert first["verdict"] == "verified", first
        cluster.remove_node(nodes[0], allow_graceful=False)
        cluster.add_node(num_cpus=2)
        go.touch()
        out, err = batch.communicate(timeout=600)
    assert batch.returncode == 0, err
    rows = json.loads((tasks.folder / "out/results.json").read_bytes())["instances"]
    assert [row["verdict"] for row in rows] == ["verified"] * 6, out
    for row in rows:
        folder = tasks.folder / "out/runs" / row["instance_id"]
        assert len(events(folder, "run_started")) == 1
        assert [one["step"] for one in events(folder, "model_replied")] == list(range(1, 9))
        assert (folder / "patch.diff").stat().st_size > 0
    assert any(row["tries"] > 1 for row in rows), "no run was lost with its node"


def test_a_provider_that_says_wait_on_one_node_is_heard_on_the_other(cluster: Any) -> None:
    import ray

    nodes = [cluster.add_node(num_cpus=1, resources={name: 1.0}) for name in ("here", "there")]
    ray.init(address=cluster.address, log_to_driver=False)
    try:
        paces = paces_beside_the_batch(ray)
        assert told(ray, paces, "here", "key one", 1000.0) > 900
        assert told(ray, paces, "there", "key one", 0.0) > 900
        assert told(ray, paces, "there", "key two", 0.0) == 0
        ray.kill(paces, no_restart=True)
        assert told(ray, paces, "there", "key one", 0.0) == 0, "its own pace is left"
        assert told(ray, paces, "here", "key one", 1000.0) > 900
    finally:
        ray.shutdown()
    assert len(nodes) == 2


def told(ray: ModuleType, paces: Any, node: str, key: str, pause_s: float) -> float:
    """What a key has to wait on a node, after the node was told to pause it."""

    def ask(paces: Any) -> float:
        from swe_agent.jobs.executors.pacing import PaceElsewhere

        pace = PaceElsewhere(paces, key)
        if pause_s:
            pace.pause(pause_s)
        return pace.turn_s()

    task = ray.remote(num_cpus=1, resources={node: 1.0})(ask)
    answer: float = ray.get(task.remote(paces))
    return answer
