"""Tool calls in plain text: one parser for the text protocol and for what local models print.

Read are fenced blocks (```tool_call), Hermes and Qwen (<tool_call>), Llama (<function=NAME>,
<|python_tag|>), Mistral ([TOOL_CALLS]), <invoke name="NAME">, tags named as the tool, and a text
that is nothing but JSON. A call counts only when its form is closed and its tool is known.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from swe_agent.core.protocols import ToolSpec
from swe_agent.models.calls import RawCall

MOST_OPENINGS = 500
"""Openings that are looked at in one text."""

_OPENING = re.compile(
    r"^[ \t]*```[ \t]*(?P<fence>[A-Za-z_]*)[ \t]*\n"
    r"|<(?P<tag>tool_call|function_call|tool_use)>"
    r"|<function=(?P<function>[\w.-]+)>"
    r"|<invoke name=\"(?P<invoke>[\w.-]+)\">"
    r"|(?P<mistral>\[TOOL_CALLS\])"
    r"|(?P<python><\|python_tag\|>)"
    r"|<(?P<named>[a-z][a-z0-9_]*)>",
    re.MULTILINE,
)
_FENCES = frozenset({"tool_call", "tool_calls", "tool", "json", ""})
_SPACE = re.compile(r"\s*")
_FENCE_END = re.compile(r"\s*\n[ \t]*```[ \t]*(?=\n|\Z)")
_PARAMETER = re.compile(
    r"<parameter(?:=| name=\")(?P<name>[\w.-]+)\"?>(?P<value>.*?)</parameter>", re.S
)
_ARGUMENTS = ("arguments", "parameters", "input", "args")
_DECODER = json.JSONDecoder(strict=False)

Specs = Mapping[str, ToolSpec]
Read = tuple[list[RawCall], int]
"""The calls of one form, and where the text goes on."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a text holds."""

    calls: tuple[RawCall, ...]
    text: str
    """The text without its calls."""


def calls_in(text: str, specs: Specs) -> Found:
    """The whole calls of known tools in a text, in order.

    >>> spec = ToolSpec("view", "", {"type": "object"})
    >>> calls_in('So: <tool_call>{"name": "view", "arguments": {}}</tool_call>', {"view": spec})
    Found(calls=(RawCall(id='', name='view', arguments='{}'),), text='So:')
    """
    whole = _bare(text, specs)
    if whole:
        return Found(tuple(whole), "")
    calls: list[RawCall] = []
    kept: list[str] = []
    at = 0
    for _ in range(MOST_OPENINGS):
        opening = _OPENING.search(text, at)
        if opening is None:
            break
        read = _read(text, opening, specs)
        if read is None:
            kept.append(text[at : opening.end()])
            at = opening.end()
            continue
        kept.append(text[at : opening.start()])
        calls += read[0]
        at = read[1]
    kept.append(text[at:])
    return Found(tuple(calls), "".join(kept).strip() if calls else text)


def _read(text: str, opening: re.Match[str], specs: Specs) -> Read | None:
    kind, at = opening.lastgroup, opening.end()
    try:
        match kind:
            case "fence" if opening["fence"] in _FENCES:
                return _json_calls(text, at, specs, lambda end: _closed(text, end, _FENCE_END))
            case "tag":
                return _tagged(text, at, opening["tag"], specs)
            case "function":
                return _function(text, at, opening["function"], specs, "</function>")
            case "invoke":
                return _function(text, at, opening["invoke"], specs, "</invoke>")
            case "mistral":
                return _json_calls(text, at, specs, lambda end: end)
            case "python":
                return _json_calls(text, at, specs, lambda end: end)
            case "named" if opening["named"] in specs:
                return _named(text, at, opening["named"], specs)
    except (ValueError, RecursionError):
        return None
    return None


def _bare(text: str, specs: Specs) -> list[RawCall]:
    """The calls of a text that is JSON and nothing else."""
    stripped = text.strip()
    if not stripped.startswith(("{", "[")):
        return []
    try:
        value, end = _DECODER.raw_decode(stripped)
        return _of_json(value, specs) if end == len(stripped) else []
    except (ValueError, RecursionError):
        return []


def _json_calls(text: str, at: int, specs: Specs, close: Callable[[int], int]) -> Read:
    value, end = _DECODER.raw_decode(text, _spaced(text, at))
    return _of_json(value, specs), close(end)


def _tagged(text: str, at: int, tag: str, specs: Specs) -> Read:
    at = _spaced(text, at)
    inner = _OPENING.match(text, at)
    if inner and inner.lastgroup == "function":
        calls, end = _function(text, inner.end(), inner["function"], specs, "</function>")
    else:
        value, end = _DECODER.raw_decode(text, at)
        calls = _of_json(value, specs)
    return calls, _after(text, _spaced(text, end), f"</{tag}>")


def _function(text: str, at: int, name: str, specs: Specs, closing: str) -> Read:
    """Parameters as tags, or one JSON object of arguments, up to the closing tag."""
    spec = _known(name, specs)
    at = _spaced(text, at)
    if text.startswith("{", at):
        value, end = _DECODER.raw_decode(text, at)
        return [_call(name, value)], _after(text, _spaced(text, end), closing)
    arguments: dict[str, JsonValue] = {}
    while parameter := _PARAMETER.match(text, at):
        arguments[parameter["name"]] = _valued(parameter["value"], parameter["name"], spec)
        at = _spaced(text, parameter.end())
    return [_call(name, arguments)], _after(text, at, closing)


def _named(text: str, at: int, name: str, specs: Specs) -> Read:
    """<view><path>a.py</path></view>: tags named as the tool and its parameters."""
    spec = _known(name, specs)
    properties = spec.schema.get("properties")
    known = properties if isinstance(properties, dict) else {}
    arguments: dict[str, JsonValue] = {}
    at = _spaced(text, at)
    while tag := re.compile(r"<([\w.-]+)>").match(text, at):
        end = text.find(f"</{tag[1]}>", tag.end())
        if tag[1] not in known or end < 0:
            raise ValueError("not a parameter")
        arguments[tag[1]] = _valued(text[tag.end() : end], tag[1], spec)
        at = _spaced(text, end + len(tag[0]) + 1)
    return [_call(name, arguments)], _after(text, at, f"</{name}>")


def _of_json(value: JsonValue, specs: Specs) -> list[RawCall]:
    """The calls in a decoded value: one object or a list of them.

    Raises:
        ValueError: it is no call of a known tool.
    """
    if isinstance(value, list):
        if not value:
            raise ValueError("no calls")
        return [call for one in value for call in _of_json(one, specs)]
    if isinstance(value, dict) and isinstance(value.get("function"), dict):
        value = value["function"]
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        raise ValueError("not a call")
    name = str(value["name"])
    _known(name, specs)
    given = next((value[key] for key in _ARGUMENTS if key in value), None)
    if given is None:
        raise ValueError("no arguments")
    return [_call(name, json.loads(given) if isinstance(given, str) else given)]


def _call(name: str, arguments: JsonValue) -> RawCall:
    if not isinstance(arguments, dict):
        raise ValueError("arguments are not an object")
    return RawCall("", name, json.dumps(arguments))


def _valued(raw: str, name: str, spec: ToolSpec) -> JsonValue:
    """A parameter's text as its schema wants it; text where it does not say."""
    text = raw.removeprefix("\n").removesuffix("\n")
    properties = spec.schema.get("properties")
    schema = properties.get(name) if isinstance(properties, dict) else None
    kind = schema.get("type", "string") if isinstance(schema, dict) else "string"
    if kind == "string":
        return text
    try:
        value: JsonValue = json.loads(text)
    except ValueError:
        return text
    return value


def _known(name: str, specs: Specs) -> ToolSpec:
    if name not in specs:
        raise ValueError("no such tool")
    return specs[name]


def _spaced(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


def _after(text: str, at: int, closing: str) -> int:
    if not text.startswith(closing, at):
        raise ValueError("not closed")
    return at + len(closing)


def _closed(text: str, at: int, closing: re.Pattern[str]) -> int:
    end = closing.match(text, at)
    if end is None:
        raise ValueError("not closed")
    return end.end()
