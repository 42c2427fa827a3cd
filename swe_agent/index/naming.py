"""What a definition's node says of itself: its name, and what it inherits from."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

LONGEST_BYTES = 4_000
_ENDS = (
    *("identifier", "field_identifier", "type_identifier", "primitive_type"),
    *("qualified_identifier", "destructor_name", "operator_name", "template_function"),
)
"""What a declarator of C or C++ ends in."""
_NAME_FIELDS = {
    "impl_item": "type",
    "assignment_expression": "left",
    "pair": "key",
    "field_definition": "property",
    "operator_declaration": "operator",
    "conversion_operator_declaration": "type",
}
"""The field that holds the name, where it is not called `name`."""
_PREFIXES = {
    "operator_declaration": "operator",
    "conversion_operator_declaration": "operator ",
    "operator_cast": "operator ",
    "destructor_declaration": "~",
}
_NO_NAMES = frozenset({"if", "for", "while", "switch", "return", "else", "catch", "sizeof"})
"""Keywords that a parser, recovering from an error, may take for a function's name."""
_NOT_OWNERS = ("module", "exports", "this", "self", "window", "globalThis")
_DOTTED = re.compile(r"[\w$#]+(?:\.[\w$#]+)*")
_BASE = re.compile(r"[A-Za-z_$][\w.$-]*")
_RELATIONS = frozenset(
    ("extends", "implements", "public", "protected", "private", "virtual", "use", "const")
)


def text_of(source: bytes, node: "Node") -> str:
    """A node's text, at most 4,000 bytes; `node.text` would go through the parser's callback."""
    end = min(node.end_byte, node.start_byte + LONGEST_BYTES)
    return source[node.start_byte : end].decode("utf-8", "replace")


def name_of(source: bytes, node: "Node") -> str:
    """A definition's own name, dotted; a Go method's carries its receiver's type, as in
    `Type.method`, a function that is assigned its owner's. Empty where it has none."""
    named = node.child_by_field_name(_NAME_FIELDS.get(node.type, "name"))
    prefix = _PREFIXES.get(node.type, "")
    if named is None:
        named = _declared(node)
    if named is None:
        return ""
    if named.type == "operator_cast":
        prefix, named = _PREFIXES[named.type], named.child_by_field_name("type") or named
    text = " ".join(text_of(source, named).split())
    if node.type == "assignment_expression":
        return _assigned(text)
    if node.type == "impl_item":
        return without_arguments(text).replace("::", ".").rpartition(" ")[2].lstrip("&*")
    receiver = node.child_by_field_name("receiver")
    if receiver is not None:
        words = text_of(source, receiver).strip("() ").replace("*", " ").split()
        prefix = f"{words[-1].split('[')[0]}." if words else ""
    if named.type == "operator":
        return prefix + text
    head, operator, tail = text.partition("operator")
    plain = without_arguments(head).replace("::", ".").strip("'\"") + operator + tail
    return "" if plain in _NO_NAMES else prefix + plain


def bases_in(text: str) -> list[str]:
    """Names in a class's heritage, dotted, without type arguments, keywords and relations.

    >>> bases_in(": public n::B<int, C>, private D"), bases_in("(a.A, metaclass=M)")
    (['n.B', 'D'], ['a.A'])
    """
    text = text.strip().removeprefix("<").removesuffix(";")
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1]
    plain = without_arguments(text, "<[({", ">])}").replace("::", ".").replace("\\", ".")
    found = []
    for part in re.split(r"[,+|]", plain):
        words = part.replace(":", " ").split() if "=" not in part else []
        found += [word.strip(".*&") for word in words if word not in _RELATIONS]
    return [name for name in found if len(name) < 200 and _BASE.fullmatch(name)]


def without_arguments(text: str, opening: str = "<", closing: str = ">") -> str:
    """A text without what stands in brackets.

    >>> without_arguments("A<B<int>>::c")
    'A::c'
    """
    depth, kept = 0, []
    for letter in text:
        if letter in opening:
            depth += 1
        elif letter in closing and depth:
            depth -= 1
        elif not depth:
            kept.append(letter)
    return "".join(kept).strip()


def _declared(node: "Node") -> "Node | None":
    """What a declarator of C or C++ declares, through pointers, parameters and parentheses."""
    inner: Node | None = node
    while inner is not None:
        step = inner.child_by_field_name("declarator")
        if step is None and inner.type == "parenthesized_declarator":
            step = next(iter(inner.named_children), None)
        if step is None and inner.type == "reference_declarator":
            step = next(reversed(inner.named_children), None)
        if step is not None and step.type in (*_ENDS, "operator_cast"):
            return step
        inner = step
    return None


def _assigned(target: str) -> str:
    """`owner.name` of an assignment's left side; what a module exports is its own."""
    target = target.replace(".prototype.", ".")
    if not _DOTTED.fullmatch(target):
        return (
            target.rpartition(".")[2] if re.fullmatch(r"[\w$]+", target.rpartition(".")[2]) else ""
        )
    parts = target.split(".")
    while len(parts) > 1 and parts[0] in _NOT_OWNERS:
        parts = parts[1:]
    return "" if parts == ["exports"] else ".".join(parts[-2:])
