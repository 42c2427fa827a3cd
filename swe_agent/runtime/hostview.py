"""What of the host a bubblewrap sandbox sees: its system folders, read-only, and of `/etc` what
programs need to run. No home, no keys, no run folder, no socket, no `/tmp`, `/var`, `/run` or
`/sys`."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from swe_agent.core.errors import EnvironmentFault
from swe_agent.runtime.box import COMMAND_ENV, HOME, STATE, STATE_BYTES, Limits

WORKSPACE = "/workspace"
OPT = "/opt/swe-agent"
"""Where profiles let set-up put what belongs to neither the repository nor HOME."""
INSIDE_UID = 1000
ENVIRONMENT = {
    "PATH": f"{HOME}/home/.local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    **COMMAND_ENV,
}
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store")
_ETC = (
    *("alternatives", "ca-certificates", "crypto-policies", "debian_version", "fonts"),
    *("java-*", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "locale.alias", "localtime"),
    *("magic", "maven/logging", "maven/m2.conf", "mime.types", "nsswitch.conf", "os-release"),
    *("perl", "pki/ca-trust"),
    *("pki/tls/certs", "protocols", "python3*", "rpc", "services", "ssl/certs"),
    *("ssl/openssl.cnf", "timezone"),
)
_ETC_NETWORK = ("hosts", "resolv.conf", "gai.conf")
_SHARED_MEMORY_BYTES = 64 << 20
_ACCOUNTS = {
    "passwd": f"root:x:0:0:root:/root:/bin/sh\nagent:x:{INSIDE_UID}:{INSIDE_UID}:agent:{HOME}/home:"
    "/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n",
    "group": f"root:x:0:\nagent:x:{INSIDE_UID}:\nnogroup:x:65534:\n",
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
}


def make_folder(uid: int | None, parent: Path | None = None) -> Path:
    """A new private folder for one sandbox: `workspace`, `state`, `etc` and `opt`, all the uid's.

    Args:
        uid: whose it is; None: ours.
        parent: where it lies; None: where there is room (`TMPDIR`, else `/var/tmp`).

    Raises:
        EnvironmentFault: it cannot be made.
    """
    parent = parent or _roomy(uid)
    try:
        folder = Path(tempfile.mkdtemp(prefix="swe-agent-", dir=parent))
    except OSError as error:
        raise EnvironmentFault(
            f"no folder for a sandbox can be made in {parent}: {error.strerror}", "Set TMPDIR."
        ) from error
    for name in ("workspace", "state", "state/home", "etc", "opt"):
        (folder / name).mkdir(mode=0o700)
    (folder / "workspace").chmod(0o755)
    for name, text in _ACCOUNTS.items():
        (folder / "etc" / name).write_text(text)
    if uid is not None:
        for place in (folder, *folder.rglob("*")):
            os.chown(place, uid, uid)
    return folder


def add_hosts(folder: Path, names: Mapping[str, str]) -> None:
    """Give a sandbox names that it knows the addresses of."""
    rows = "".join(f"{address} {name}\n" for name, address in names.items())
    (folder / "etc" / "hosts").write_text(_ACCOUNTS["hosts"] + rows)


def _roomy(uid: int | None) -> Path:
    named = Path(os.environ.get("TMPDIR") or "/var/tmp").absolute()
    closed = uid is not None and any(
        place.exists() and not place.stat().st_mode & 0o001 for place in (named, *named.parents)
    )
    return Path("/var/tmp") if closed else named


def bubblewrap_arguments(
    folder: Path, limits: Limits, files: dict[str, str], *, network: bool
) -> list[str]:
    """Options of `bwrap` up to its `--`.

    Args:
        folder: the sandbox's own, of `make_folder`.
        limits: its memory bounds `/tmp`.
        files: more read-only files: host path by path inside.
        network: share the host's.
    """
    spaces = ["--unshare-all", "--unshare-user", "--disable-userns"]
    if network:
        spaces.append("--share-net")
    temporary = limits.memory_mb << 20
    binds = [word for inside, path in files.items() for word in ("--ro-bind", path, inside)]
    return [
        *(*spaces, "--die-with-parent", "--new-session", "--as-pid-1"),
        *("--uid", str(INSIDE_UID), "--gid", str(INSIDE_UID), "--hostname", "sandbox"),
        *("--cap-drop", "ALL", "--clearenv"),
        *_system(),
        *_etc(folder, network=network),
        *("--proc", "/proc", "--dev", "/dev"),
        *("--perms", "1777", "--size", str(_SHARED_MEMORY_BYTES), "--tmpfs", "/dev/shm"),
        *("--remount-ro", "/dev"),
        *("--perms", "1777", "--size", str(temporary), "--tmpfs", "/tmp"),
        *("--symlink", "/tmp", "/var/tmp", "--dir", "/run"),
        *binds,
        *("--bind", str(folder / "workspace"), WORKSPACE),
        *("--bind", str(folder / "state"), HOME),
        *("--perms", "0700", "--size", str(STATE_BYTES), "--tmpfs", STATE),
        *("--bind", str(folder / "opt"), OPT),
        *("--remount-ro", "/", "--chdir", "/"),
        *(word for item in ENVIRONMENT.items() for word in ("--setenv", *item)),
    ]


def _system() -> list[str]:
    """System folders as they are; links (`/bin` to `usr/bin`) stay links."""
    words = []
    for name in _SYSTEM:
        place = Path(name)
        if place.is_symlink():
            words += ["--symlink", os.fspath(place.readlink()), name]
        elif place.is_dir():
            words += ["--ro-bind", name, name]
    return words


def _etc(folder: Path, *, network: bool) -> list[str]:
    words = []
    for pattern in (*_ETC, *(_ETC_NETWORK if network else ())):
        for place in sorted(Path("/etc").glob(pattern)):
            if place.exists():
                words += ["--ro-bind", str(place), str(place)]
    own = ("passwd", "group") if network else ("passwd", "group", "hosts")
    for name in own:
        words += ["--ro-bind", str(folder / "etc" / name), f"/etc/{name}"]
    return words
