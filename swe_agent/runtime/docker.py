"""Docker containers as boxes: hardened, filled through one uncompressed tar, attached to their PID
1.

The container goes away by itself when this process ends: its input ends, the broker's loop ends,
the engine removes it.
"""

import re
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from swe_agent.core.errors import EngineAway, EnvironmentFault, SandboxLost
from swe_agent.core.protocols import CommandResult
from swe_agent.runtime.box import (
    BROKER_SIGN,
    COMMAND_ENV,
    HOME,
    STATE,
    STATE_BYTES,
    Box,
    broker_argv,
)
from swe_agent.runtime.disk_limit import DiskWatch, written_bytes
from swe_agent.runtime.endings import has_starved
from swe_agent.runtime.engine import refusal
from swe_agent.runtime.filling import Filling
from swe_agent.runtime.gate import hosts_of, variables_of
from swe_agent.runtime.gitdir import GitDir
from swe_agent.runtime.images import BASE_IMAGE
from swe_agent.runtime.lease import hold_lease
from swe_agent.runtime.output import Output
from swe_agent.runtime.owner import OWNER_LABEL, own_mark
from swe_agent.runtime.recipe import RESUME, RUN_LABEL, Recipe, inspect_image
from swe_agent.runtime.sidecar import Sidecar, start_sidecar
from swe_agent.runtime.store import TreeStore
from swe_agent.runtime.tarball import Content
from swe_agent.runtime.wire import AttachedWire, Wire, drained

if TYPE_CHECKING:
    from docker import DockerClient

_KILL_TRIES = 20
_FEWER_CPUS = re.compile(r"Range of CPUs is from [\d.]+ to ([\d.]+)")
"""How an engine refuses a limit above what its machine has."""
_ANY_PORT = {"net.ipv4.ip_unprivileged_port_start": "0"}
PRIVATE = (HOME, f"{HOME}/home", STATE)
"""Folders that are the broker's and the commands' own."""


class DockerBox:
    """One running container."""

    def __init__(self, client: "DockerClient", recipe: Recipe, container: str, wire: Wire) -> None:
        """Made by `start_box`; owns the container from here on."""
        self._api = client.api
        self._recipe = recipe
        self.container = container
        self._wire = wire
        self.sidecar: Sidecar | None = None
        self._disk = DiskWatch(
            lambda: written_bytes(client, container), self._stopped, recipe.limits.disk_mb
        )
        if not recipe.for_setup:
            self._disk.start()

    @property
    def wire(self) -> Wire:
        return self._wire

    def execute(self, command: str, timeout_s: float, spool_folder: Path) -> CommandResult:
        """A process of its own beside the broker; the exit code is the engine's."""
        from docker.errors import DockerException
        from requests import RequestException

        output, began = Output(spool_folder), time.monotonic()
        timed_out, survivors = False, tuple[str, ...]()
        try:
            made = self._exec(["sh", "-c", f"exec 2>&1; {command}"])  # two have no order
            wire = AttachedWire(self._api.exec_start(made, socket=True))
            timed_out = not drained(wire, output, began + timeout_s)
            if timed_out:
                survivors = self.kill()
                drained(wire, output, time.monotonic() + 10)
            wire.close()
            code = self._api.exec_inspect(made)["ExitCode"]
        except (DockerException, RequestException) as error:
            raise SandboxLost(f"the engine could not run a command: {error}") from error
        if code is None and not timed_out:
            raise SandboxLost("the sandbox went away under a command")
        return CommandResult(
            exit_code=124 if timed_out else int(code),
            output=output.shown(),
            total_bytes=output.total_bytes,
            duration_s=time.monotonic() - began,
            timed_out=timed_out,
            survivors=survivors,
            spool=output.spooled(),
        )

    def streamed(self, command: str) -> Iterator[bytes]:
        """What a process of its own writes to stdout, as it comes.

        Raises:
            SandboxLost: the engine could not run it.
        """
        from docker.errors import DockerException
        from requests import RequestException

        try:
            made = self._exec(["sh", "-c", command])
            for piece, _ in self._api.exec_start(made, stream=True, demux=True):
                if piece:
                    yield piece
        except (DockerException, RequestException) as error:
            raise SandboxLost(f"the engine could not run a command: {error}") from error

    def kill(self) -> tuple[str, ...]:
        """End every process but the broker, which goes on where one of them held it up (ptrace). A
        full process table makes the engine's exec fail for a moment."""
        from docker.errors import DockerException, NotFound
        from requests import RequestException

        names = self._processes()
        for _ in range(_KILL_TRIES):
            try:
                made = self._exec(["sh", "-c", "kill -9 -1; kill -CONT 1"])
                self._api.exec_start(made)
                if self._api.exec_inspect(made)["ExitCode"] in (0, 1, 137):
                    return names
            except NotFound as error:
                raise SandboxLost("the sandbox is gone") from error
            except (DockerException, RequestException):
                time.sleep(0.25)
        raise SandboxLost("the sandbox's processes could not be stopped")

    def stopped_at_disk_mb(self) -> int:
        """The disk limit, if commands were stopped at it."""
        return self._disk.stopped_at_mb()

    def starved_at_mb(self) -> int:
        """The memory limit, if the container ended for want of memory; else 0."""
        return self._recipe.limits.memory_mb if has_starved(self._api, self.container) else 0

    def close(self) -> None:
        """Take the container away; does not raise."""
        from docker.errors import DockerException
        from requests import RequestException

        self._disk.close()
        if self.sidecar:
            self.sidecar.close()
        with suppress(OSError):
            self._wire.close()
        with suppress(DockerException, RequestException):
            self._api.remove_container(self.container, force=True, v=True)

    def _exec(self, argv: list[str]) -> str:
        made = self._api.exec_create(
            self.container, argv, user=self._recipe.user, workdir=self._recipe.root
        )
        return str(made["Id"])

    def _stopped(self) -> None:
        with suppress(SandboxLost):
            self.kill()

    def _processes(self) -> tuple[str, ...]:
        """Command lines of all but the broker and its subshells, as the engine's host lists
        them."""
        from docker.errors import DockerException
        from requests import RequestException

        try:
            rows = self._api.top(self.container, ps_args="-eo pid,args")["Processes"] or []
        except (DockerException, RequestException):
            return ()
        names = (str(row[-1]) for row in rows)
        return tuple(name[:200] for name in names if BROKER_SIGN not in name)


def start_box(
    client: "DockerClient",
    recipe: Recipe,
    store: TreeStore,
    tree: str | None,
    git: GitDir | None = None,
) -> DockerBox:
    """Create, fill and start a container.

    Args:
        client: the engine.
        recipe: what it is made of.
        store: has the tree.
        tree: what goes into the repository's folder; None where the image has it already.
        git: what goes into its `.git`.

    Raises:
        EngineAway: the engine does not answer.
        SandboxLost: somebody removed it meanwhile.
        EnvironmentFault: it cannot be made or started (the message is the engine's).
    """
    from docker.errors import DockerException
    from requests import RequestException

    hold_lease()
    container = ""
    content = Content(store, tree, recipe.root, int(recipe.user.split(":")[0]), PRIVATE, git)
    filling = Filling(content)
    try:
        container = _created(client, recipe, filling.code())
        if not recipe.has_folders:
            client.api.put_archive(container, "/", content.folders())
        wire = AttachedWire(
            client.api.attach_socket(
                container, params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
            )
        )
        client.api.start(container)
        if not filling.done(wire):
            client.api.put_archive(container, "/", content.tar())
    except (DockerException, SandboxLost) as error:
        _drop(client, container)
        if isinstance(error, SandboxLost):
            raise
        said = "the container could not be started"
        if container and getattr(error, "status_code", 0) in (404, 409):  # somebody removed it
            raise SandboxLost(f"{said}: {error}") from error
        raise refusal(error, said) from error
    except RequestException as error:
        raise EngineAway(f"the engine does not answer: {error}", RESUME) from error
    box = DockerBox(client, recipe, container, wire)
    if recipe.allow:
        box.sidecar = _relayed(client, recipe, box)
    return box


def _drop(client: "DockerClient", container: str) -> None:
    """Take away a container, if there is one, that could not be started or filled.

    Raises:
        EngineAway: the engine does not answer.
    """
    from docker.errors import DockerException
    from requests import RequestException

    try:
        if container:
            client.api.remove_container(container, force=True, v=True)
    except DockerException:
        pass
    except RequestException as error:
        raise EngineAway(f"the engine does not answer: {error}", RESUME) from error


def _relayed(client: "DockerClient", recipe: Recipe, box: DockerBox) -> Sidecar:
    """What lets connections out of the box, to the destinations that are allowed."""
    try:
        try:
            image = str(inspect_image(client, BASE_IMAGE)["Id"])
        except EngineAway:
            raise
        except EnvironmentFault:
            image = recipe.image
        labels = {RUN_LABEL: recipe.run_id, OWNER_LABEL: own_mark()}
        return start_sidecar(client, image, box.container, labels, recipe.limits)
    except EnvironmentFault:
        box.close()
        raise


def _created(client: "DockerClient", recipe: Recipe, before: str) -> str:
    from docker.errors import APIError

    uid, gid = recipe.user.split(":")
    rights = f"mode=0700,uid={uid},gid={gid}"
    try:
        return _made(client, recipe, before, rights)
    except APIError as error:
        if few := _FEWER_CPUS.search(str(error)):
            limits = replace(recipe.limits, cpus=float(few[1]))
            return _created(client, replace(recipe, limits=limits), before)
        if "mount option" not in str(error):
            raise
        return _made(client, recipe, before, "mode=1777")  # podman 4 knows no owner of a tmpfs


def _made(client: "DockerClient", recipe: Recipe, before: str, state_rights: str) -> str:
    from docker.types import LogConfig

    api, limits = client.api, recipe.limits
    memory = limits.memory_mb * 1024 * 1024
    env = {} if recipe.for_setup else {**COMMAND_ENV, **variables_of(recipe.allow)}
    rights: dict[str, Any] = {"cap_drop": ["ALL"], "security_opt": ["no-new-privileges"]}
    made = api.create_container(
        recipe.image,
        entrypoint=broker_argv(recipe.root, HOME, STATE, before=before),
        command=[],
        name=f"swe-agent-{secrets.token_hex(8)}",
        labels={RUN_LABEL: recipe.run_id, OWNER_LABEL: own_mark()},
        stdin_open=True,
        user=recipe.user,
        working_dir="/",
        environment={**dict(recipe.env), **env},
        healthcheck={"test": ["NONE"]},
        host_config=api.create_host_config(
            auto_remove=True,
            network_mode="bridge" if recipe.has_network else "none",
            extra_hosts=hosts_of(recipe.allow) or None,
            sysctls=_ANY_PORT if recipe.allow else None,
            pids_limit=limits.pids,
            mem_limit=memory,
            memswap_limit=memory,
            nano_cpus=int(limits.cpus * 1e9),
            log_config=LogConfig(type="none"),
            tmpfs={STATE: f"size={STATE_BYTES},{state_rights}"},
            **({} if recipe.for_setup else rights),
        ),
    )
    return str(made["Id"])


if TYPE_CHECKING:
    _: type[Box] = DockerBox
