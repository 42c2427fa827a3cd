"""Strict tools: a JSON schema in the form that constrained decoding takes, and the way back."""

from collections.abc import Mapping

from pydantic import JsonValue

from swe_agent.core.protocols import ToolSpec

Schema = dict[str, JsonValue]

_DROPPED = frozenset({"default", "title", "minLength", "maxLength", "examples", "uniqueItems"})


def strict_schema(schema: Mapping[str, JsonValue]) -> Schema | None:
    """The schema with every property required, optional ones nullable; None where strict decoding
    cannot hold it (free-form objects).

    >>> strict_schema({"type": "object", "properties": {"a": {"type": "integer"}}})
    {'type': 'object', 'properties': {'a': {'anyOf': [{'type': 'integer'}, {'type': 'null'}]}}, \
'required': ['a'], 'additionalProperties': False}
    """
    try:
        made = _strict(dict(schema))
    except ValueError:
        return None
    return made if made.get("type") == "object" else None


def without_nulls(arguments: dict[str, JsonValue], spec: ToolSpec | None) -> dict[str, JsonValue]:
    """The arguments without the nulls that stand for properties left out."""
    if spec is None:
        return arguments
    cleaned = _pruned(arguments, spec.schema, spec.schema)
    return cleaned if isinstance(cleaned, dict) else arguments


def _strict(schema: Schema) -> Schema:
    made: Schema = {key: value for key, value in schema.items() if key not in _DROPPED}
    for key in ("anyOf", "$defs"):
        inner = made.get(key)
        if isinstance(inner, list):
            made[key] = [_strict(_object(one)) for one in inner]
        elif isinstance(inner, dict):
            made[key] = {name: _strict(_object(one)) for name, one in inner.items()}
    if {"oneOf", "allOf", "not", "patternProperties", "prefixItems"} & made.keys():
        raise ValueError("not expressible")
    if "items" in made:
        made["items"] = _strict(_object(made["items"]))
    if made.get("type") == "object":
        _close(made)
    elif not {"type", "anyOf", "$ref", "enum", "const"} & made.keys():
        raise ValueError("anything goes")
    return made


def _close(made: Schema) -> None:
    properties = made.get("properties", {})
    if not isinstance(properties, dict) or made.get("additionalProperties") not in (None, False):
        raise ValueError("free-form object")
    if not properties and "properties" not in made:
        raise ValueError("free-form object")
    required = made.get("required", [])
    assert isinstance(required, list)
    closed: Schema = {}
    for name, raw in properties.items():
        inner = _strict(_object(raw))
        closed[name] = inner if name in required or _takes_null(inner) else _nullable(inner)
    made["properties"] = closed
    made["required"] = list(closed)
    made["additionalProperties"] = False


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
