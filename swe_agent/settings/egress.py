"""What commands may reach over the network, as `sandbox.network` says it.

A policy is one word or several with commas between: `off`; `setup` (all, while the environment is
prepared); `on` (all, always); `allow:HOST:PORT` (exactly that, always). The strict words stand
alone; `setup` goes together with any number of `allow:`.
"""

import re
from dataclasses import dataclass
from ipaddress import ip_address

_WORD = re.compile(
    r"allow:(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?):([0-9]{1,5})"
)
_EXPECTED = "off, setup, on, or allow:HOST:PORT (several: commas between)"


@dataclass(frozen=True, slots=True, order=True)
class Destination:
    """A place that may be reached."""

    host: str
    """Lower case; a name, or an address without brackets."""
    port: int

    @property
    def is_address(self) -> bool:
        """Whether the host is an address, not a name."""
        try:
            ip_address(self.host)
        except ValueError:
            return False
        return True

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Egress:
    """A policy, understood."""

    in_setup: bool = False
    """Whether set-up reaches all."""
    always: bool = False
    """Whether the model's commands and the tests reach all, too."""
    allowed: tuple[Destination, ...] = ()
    """What every command reaches, and nothing else."""


def egress_of(policy: str) -> Egress:
    """Understand a policy.

    >>> egress_of("setup,allow:Files.Example.org:443")
    Egress(in_setup=True, always=False, allowed=(Destination(host='files.example.org', port=443),))

    Raises:
        ValueError: it is none; the message says what is expected.
    """
    words = [word.strip() for word in policy.split(",")]
    known = {"off", "setup", "on"}
    allowed = tuple(dict.fromkeys(_destination(word) for word in words if word not in known))
    if len(words) > 1 and {"off", "on"} & set(words):
        raise ValueError("off and on stand alone")
    return Egress("setup" in words or "on" in words, "on" in words, allowed)


def _destination(word: str) -> Destination:
    found = _WORD.fullmatch(word)
    if found is None:
        raise ValueError(f"expected {_EXPECTED}")
    host, port = found[1].lower().strip("[]"), int(found[2])
    if not 0 < port < 65_536:
        raise ValueError(f"there is no port {port}")
    if ":" in host:
        host = str(ip_address(host))
    return Destination(host, port)
