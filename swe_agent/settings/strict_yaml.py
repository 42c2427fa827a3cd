"""YAML as plain values: no tags, no aliases, no key twice, bounded in size and depth."""

import os
import re
import stat
from pathlib import Path

import yaml
from pydantic import JsonValue

from swe_agent.core.errors import UsageFault

LIMIT_BYTES = 256_000
_LIMIT_DEPTH = 20


class _PlainLoader(yaml.SafeLoader):
    """SafeLoader without surprises: aliases grow without bound, `off` would be False."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases (*name) are not allowed")
        self.depth += 1
        if self.depth > _LIMIT_DEPTH:
            raise yaml.YAMLError(f"more than {_LIMIT_DEPTH} levels deep")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = key_node.value
            if not isinstance(key, str) or key_node.tag == "tag:yaml.org,2002:merge":
                raise yaml.YAMLError("a key is not plain text")
            if key in seen:
                raise yaml.YAMLError(f"the key {key!r} is there twice")
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


_DROPPED_TAGS = {"tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp"}
_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _DROPPED_TAGS]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_PlainLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)


def parsed(text: str, source: str) -> JsonValue:
    """The value of a YAML text.

    Raises:
        UsageFault: it is not plain YAML; the message names `source`.
    """
    try:
        value: JsonValue = yaml.load(text, Loader=_PlainLoader)  # a SafeLoader
    except (yaml.YAMLError, ValueError, RecursionError) as fault:
        raise UsageFault(f"{source} is not valid YAML: {_reason(fault)}.", "Correct it.") from None
    return value


def read_mapping(path: Path) -> dict[str, JsonValue]:
    """The mapping that a YAML file holds; an empty file is an empty mapping.

    Raises:
        UsageFault: it cannot be read, is not a regular file, is too large, or holds something else.
    """
    value = parsed(_text(path), str(path))
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise UsageFault(
            f"{path} does not hold a mapping of settings.", "Write lines of the form KEY: VALUE."
        )
    return value


def _reason(fault: Exception) -> str:
    """What is wrong and where, without the text around it: that could be a key of the keys file."""
    if isinstance(fault, yaml.MarkedYAMLError) and fault.problem_mark:
        return f"{fault.problem} in line {fault.problem_mark.line + 1}"
    return " ".join(str(fault).split())[:200]


def _text(path: Path) -> str:
    try:
        # Non-blocking: a FIFO in a repository must not hang us.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UsageFault(f"{path} is not a regular file.", "Name a YAML file.")
            raw = stream.read(LIMIT_BYTES + 1)
    except OSError as fault:
        reason = fault.strerror or str(fault)
        raise UsageFault(f"{path} cannot be read: {reason}.", "Name a file that exists.") from fault
    if len(raw) > LIMIT_BYTES:
        raise UsageFault(
            f"{path} is larger than {LIMIT_BYTES} bytes.",
            "Settings are short: is it the right file?",
        )
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise UsageFault(f"{path} is not UTF-8 text.", "Save it as UTF-8.") from fault
