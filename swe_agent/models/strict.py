"""Strict tools: a JSON schema in the form that constrained decoding takes, and the way back.

OpenAI wants every property required, so what is optional is made nullable. Anthropic lets it be
left out, but compiles so many of them only.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from swe_agent.core.protocols import ToolSpec

Schema = dict[str, JsonValue]

_HELD = frozenset({"type", "description", "enum", "const", "anyOf", "$ref"})
_PLACED = frozenset({"properties", "required", "additionalProperties", "items", "$defs"})
_BOUNDS = frozenset(
    {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "pattern"}
    | {"minItems", "maxItems"}
)
"""OpenAI's decoding holds them; for Anthropic's they are checked after the reply alone."""
_DROPPED = frozenset(
    {"default", "title", "examples", "format", "minLength", "maxLength", "uniqueItems"}
    | {"deprecated", "$schema", "$comment"}
)
"""Neither takes them; they are checked after the reply."""


def strict_schema(schema: Mapping[str, JsonValue]) -> Schema | None:
    """The schema with every property required, optional ones nullable; None where strict decoding
    cannot hold it (free-form objects).

    >>> strict_schema({"type": "object", "properties": {"a": {"type": "integer"}}})
    {'type': 'object', 'properties': {'a': {'anyOf': [{'type': 'integer'}, {'type': 'null'}]}}, \
'additionalProperties': False, 'required': ['a']}
    """
    try:
        made = _made(schema, _HELD | _PLACED | _BOUNDS, _require_all)
    except ValueError:
        return None
    return made if made.get("type") == "object" else None


@dataclass(slots=True)
class Limits:
    """What Anthropic still compiles for one request."""

    tools: int = 20
    optional: int = 24
    """Properties that may be left out."""
    unions: int = 16
    """Places with a choice of types."""

    def take(self, schema: Mapping[str, JsonValue]) -> Schema | None:
        """The schema with closed objects, counted; None where decoding cannot hold it, or not any
        more.

        >>> Limits().take({"type": "object", "properties": {"a": {"const": 1, "title": "A"}}})
        {'type': 'object', 'properties': {'a': {'const': 1}}, 'additionalProperties': False}
        """
        try:
            made = _made(schema, _HELD | _PLACED, lambda _: None)
        except ValueError:
            return None
        inner = list(_inner(made))
        optional, unions = sum(map(_optional, inner)), sum(map(_is_union, inner))
        if not self.tools or optional > self.optional or unions > self.unions:
            return None
        self.tools, self.optional = self.tools - 1, self.optional - optional
        self.unions -= unions
        return made


def without_nulls(arguments: dict[str, JsonValue], spec: ToolSpec | None) -> dict[str, JsonValue]:
    """The arguments without the nulls that stand for properties left out."""
    if spec is None:
        return arguments
    cleaned = _pruned(arguments, spec.schema, spec.schema)
    return cleaned if isinstance(cleaned, dict) else arguments


def _made(
    schema: Mapping[str, JsonValue], taken: frozenset[str], close: Callable[[Schema], None]
) -> Schema:
    """The schema with closed objects, without what is only checked.

    Args:
        schema: JSON schema.
        taken: keywords that are kept.
        close: changes an object that has its properties.

    Raises:
        ValueError: it cannot be held.
    """
    dropped = _DROPPED | (_BOUNDS - taken)
    made: Schema = {key: value for key, value in schema.items() if key not in dropped}
    if made.keys() - taken or not {"type", "anyOf", "$ref", "enum", "const"} & made.keys():
        raise ValueError("not expressible")
    for name in ("properties", "$defs"):
        if name in made:
            named = _object(made[name])
            made[name] = {key: _made(_object(one), taken, close) for key, one in named.items()}
    choices = made.get("anyOf")
    if isinstance(choices, list):
        made["anyOf"] = [_made(_object(one), taken, close) for one in choices]
    if "items" in made:
        made["items"] = _made(_object(made["items"]), taken, close)
    if made.get("type") == "object":
        if "properties" not in made or made.get("additionalProperties") not in (None, False):
            raise ValueError("free-form object")
        made["additionalProperties"] = False
        close(made)
    return made


def _require_all(made: Schema) -> None:
    properties, required = _object(made["properties"]), made.get("required", [])
    assert isinstance(required, list)
    for name, one in properties.items():
        inner = _object(one)
        if name not in required and not _takes_null(inner):
            properties[name] = _nullable(inner)
    made["required"] = list(properties)


def _inner(schema: JsonValue) -> Iterator[Schema]:
    """A schema and all in it."""
    if isinstance(schema, list):
        for one in schema:
            yield from _inner(one)
    if not isinstance(schema, dict):
        return
    yield schema
    yield from _inner(schema.get("items"))
    yield from _inner(schema.get("anyOf"))
    for name in ("properties", "$defs"):
        named = schema.get(name)
        yield from _inner([*named.values()] if isinstance(named, dict) else [])


def _optional(schema: Schema) -> int:
    properties, required = schema.get("properties"), schema.get("required")
    names = properties if isinstance(properties, dict) else {}
    return len(names.keys() - set(map(str, required if isinstance(required, list) else ())))


def _is_union(schema: Schema) -> bool:
    return "anyOf" in schema or isinstance(schema.get("type"), list)


def _nullable(schema: Schema) -> Schema:
    description = schema.pop("description", None)
    choices = schema.get("anyOf")
    either: list[JsonValue] = [*choices] if isinstance(choices, list) else [schema]
    made: Schema = {"anyOf": [*either, {"type": "null"}]}
    return made if description is None else {"description": description, **made}


def _takes_null(schema: Schema) -> bool:
    choices = schema.get("anyOf")
    return isinstance(choices, list) and {"type": "null"} in choices


def _pruned(value: JsonValue, schema: JsonValue, root: Schema) -> JsonValue:
    schema = _resolved(schema, root)
    if isinstance(value, list):
        return [_pruned(one, schema.get("items", {}), root) for one in value]
    if not isinstance(value, dict):
        return value
    properties, required = schema.get("properties", {}), schema.get("required", [])
    if not isinstance(properties, dict) or not isinstance(required, list):
        return value
    return {
        name: _pruned(inner, properties.get(name, {}), root)
        for name, inner in value.items()
        if inner is not None or name in required or name not in properties
    }


def _resolved(schema: JsonValue, root: Schema) -> Schema:
    if not isinstance(schema, dict):
        return {}
    ref = schema.get("$ref")
    if isinstance(ref, str):
        defs = root.get("$defs", {})
        return _object(defs.get(ref.rpartition("/")[2], {})) if isinstance(defs, dict) else {}
    choices = schema.get("anyOf")
    if isinstance(choices, list):
        for one in choices:
            inner = _resolved(one, root)
            if inner.get("type") in ("object", "array"):
                return inner
    return schema


def _object(value: JsonValue) -> Schema:
    if not isinstance(value, dict):
        raise ValueError("not a schema")
    return value
