"""The gate blocks new errors only, and never hangs."""

import ast
import textwrap
import time
from pathlib import Path
from random import Random

import pytest

from swe_agent.aci.grammars import parse
from swe_agent.aci.syntax import gate


@pytest.mark.parametrize(
    ("path", "good", "bad"),
    [
        ("a.py", "def f(x):\n    return x\n", "def f(x:\n    return x\n"),
        ("a.py", "if x:\n    y()\n", "if x:\ny()\n"),
        ("a.py", "x = 1\n", "x = 1\n  y = 2\n"),
        ("a.py", "x = f()\nreturn x\n", "x = f()\\\nreturn x\n"),
        ("a.js", "function f() { return 1 }\n", "function f() { return 1 \n"),
        ("a.jsx", "const a = <b>{c}</b>\n", "const a = <b>{c}</b\n"),
        ("a.ts", "let a: number = 1;\n", "let a: = 1;\n"),
        ("a.tsx", "const a = <b>{c as d}</b>;\n", "const a = <b>{c as }</b>;\n"),
        ("a.go", "package a\nfunc f() {}\n", "package a\nfunc f( {}\n"),
        ("a.rs", "fn f() -> u8 { 1 }\n", "fn f() -> u8 { 1 \n"),
        ("a.java", "class A { int a; }\n", "class A { int a }\n"),
        ("a.c", "int f(void) { return 1; }\n", "int f(void) { return 1 }\n"),
        ("a.h", "int f(void);\n", "int f(void;\n"),
        ("a.rb", "def f\n  1\nend\n", "def f\n  1\n"),
        ("a.json", '{"a": [1]}\n', '{"a": [1}\n'),
        ("a.sh", "if true; then echo; fi\n", "if true; then echo;\n"),
    ],
)
def test_new_error_is_found_and_good_text_passes(path, good, bad):
    assert gate(path, b"", good.encode()).problems == ()
    assert gate(path, good.encode(), bad.encode()).problems
    assert gate(path, b"", bad.encode()).problems


def test_error_is_placed_and_named():
    good = b"a = 1\nb = (2)\nc = 3\n"
    problem = gate("a.py", good, b"a = 1\nb = (2))\nc = 3\n").problems[0]
    assert problem.line == 2
    assert ")" in problem.what


def test_old_errors_elsewhere_do_not_block_when_lines_move():
    before = b"def broken(:\n    pass\n\n\ndef good():\n    return 1\n"
    assert gate("a.py", before, b"import os\n\n" + before).problems == ()
    assert gate("a.py", before, before + b"\n\ndef more():\n    return 2\n").problems == ()


def test_new_error_beside_an_old_one_blocks():
    before = b"x = )\n\n\ndef good():\n    return 1\n\n\ny = 2\n"
    assert gate("a.py", before, before.replace(b"y = 2", b"y = ]")).problems


def test_changing_a_broken_line_is_allowed():
    assert gate("a.py", b"x = )\ny = 1\n", b"x = ]\ny = 1\n").problems == ()


def test_layout_that_was_broken_before_does_not_block():
    before = b"if x:\ny()\n"
    assert gate("a.py", before, before + b"z = 1\n").problems == ()


@pytest.mark.parametrize("path", ["a.txt", "Makefile", "a.unknown", "py", ".py"])
def test_files_without_grammar_pass(path):
    if path == ".py":
        path = "x.cfg"
    assert gate(path, b"", b"((((").problems == ()


def test_cpp_header_is_left_alone():
    assert gate("a.h", b"", b"class A { public: A(); };\n").problems == ()


@pytest.mark.parametrize(
    "source",
    [
        b"(" * 300_000,
        b"[" * 150_000 + b"]" * 150_000,
        b"x = (\n" * 150_000,
        b"-" * 400_000 + b"1",
        b"".join(b" " * at + b"if x:\n" for at in range(1200)),
        b"x = '''" + b"a" * 900_000,
        bytes(range(256)) * 3000,
    ],
    ids=["open", "nested", "recovery", "unary", "indent", "string", "binary"],
)
def test_hostile_source_is_bounded(source):
    began = time.perf_counter()
    gate("a.py", b"x = 1\n", source)
    assert time.perf_counter() - began < 10


def test_big_file_passes_with_a_note():
    checked = gate("a.py", b"", b"x = (\n" * 300_000)
    assert checked.problems == ()
    assert "not checked" in checked.note


@pytest.mark.filterwarnings("ignore:invalid escape:DeprecationWarning")
def test_layout_is_checked_around_the_change_as_if_in_the_whole_file() -> None:
    """Random edits of a real module: what the host's parser says of all of it, the gate says."""
    source = Path(textwrap.__file__).read_bytes()
    rows = source.split(b"\n")
    random = Random(7)
    refused = 0
    for _ in range(150):
        at, count = random.randrange(len(rows)), random.randint(1, 4)
        shifts = [b"  ", b"    ", b"        "]
        choices = [
            [],
            [random.choice(shifts) + row for row in rows[at : at + count]],
            [row[4:] for row in rows[at : at + count]],
            [random.choice(shifts) + b"x = 1", *rows[at : at + count]],
        ]
        after = b"\n".join([*rows[:at], *random.choice(choices), *rows[at + count :]])
        kinds = {problem.kind for problem in gate("a.py", source, after).problems}
        if is_misaligned(after):
            assert kinds, (at, count)
        else:
            assert "layout" not in kinds, (at, count)
        refused += "layout" in kinds
    assert refused > 20


@pytest.mark.filterwarnings("ignore:invalid escape:DeprecationWarning")
def test_a_file_known_to_be_sound_is_judged_as_if_it_were_read_whole() -> None:
    """Random edits upon each other: what the grammar and the host's parser say of all of it."""
    source = Path(textwrap.__file__).read_bytes()
    random = Random(11)
    assert gate("a.py", b"", source).problems == ()
    refused = kept = 0
    for _ in range(400):
        rows = source.split(b"\n")
        at, count = random.randrange(len(rows)), random.randint(0, 3)
        old = rows[at : at + count]
        new = random.choice(
            [
                [],
                old + old,
                [b"    " + row for row in old],
                [row[4:] for row in old],
                [row + random.choice([b"(", b")", b'"""', b"\\", b":", b"  # so"]) for row in old],
                [random.choice([b"else:", b"x = 1", b"    x = 1", b"@f", b"def f():", b'"""'])],
                [b"x = 1"] * 40 + [b"y = " + random.choice([b"(", b"1"])],
            ]
        )
        after = b"\n".join([*rows[:at], *new, *rows[at + count :]])
        tree = parse("py", after, 60.0)
        assert tree is not None
        is_broken = tree.root_node.has_error or is_misaligned(after)
        checked = gate("a.py", source, after)
        assert bool(checked.problems) == is_broken, (at, old, new)
        refused += is_broken
        kept += not is_broken
        source = source if is_broken else after
    assert refused > 80
    assert kept > 100


def is_misaligned(source: bytes) -> bool:
    try:
        ast.parse(source)
    except SyntaxError as fault:
        return isinstance(fault, IndentationError)
    return False
