"""A container whose first process goes first when memory is short; no command can see to that."""

from pathlib import Path

import docker


def doom(client: docker.DockerClient, container: str) -> None:
    """Have the kernel kill the container's first process where it lacks memory. It takes root, on
    the engine's machine."""
    first = client.api.inspect_container(container)["State"]["Pid"]
    Path(f"/proc/{first}/oom_score_adj").write_text("1000")
