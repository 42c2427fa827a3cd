"""Symbols of a file, in every language that has a grammar; bounded on hostile ones."""

import time

import pytest

from swe_agent.index.outline import outline
from swe_agent.index.record import record_of

PYTHON = b"""import os, a.b as c
from .x import (y,
  z)
@dec
class A(B, metaclass=M):
    def f(self):
        def g(): h()
        return self.k.l(1)
"""


def test_python_definitions_have_qualified_names_and_lines_with_decorators() -> None:
    found = outline("a.py", PYTHON).definitions
    assert [(d.qualified, d.kind, d.first, d.last) for d in found] == [
        ("A", "class", 4, 8),
        ("A.f", "function", 6, 8),
        ("A.f.g", "function", 7, 7),
    ]
    assert found[0].bases == ("B",)


def test_python_calls_and_imports_have_lines() -> None:
    found = outline("a.py", PYTHON)
    assert found.calls == (("h", 7), ("l", 8))
    assert found.imports == (("import os, a.b as c", 1), ("from .x import (y, z)", 2))


@pytest.mark.parametrize(
    ("path", "source", "names", "calls"),
    [
        ("a.go", "package x\ntype T struct{}\nfunc (t *T) M() { g() }", ["T", "T.M"], ["g"]),
        ("a.rs", "struct S; impl<T> S<T> { fn m(&self) { self.q(); } }", ["S", "S.m"], ["q"]),
        ("a.js", "class A extends B { m() { z() } }\nconst f = () => 1", ["A", "A.m", "f"], ["z"]),
        ("a.ts", "interface I {}\nclass A { m(): void { z() } }", ["I", "A", "A.m"], ["z"]),
        ("A.java", "class A extends B { void m() { y(); } }", ["A", "A.m"], ["y"]),
        ("a.c", "static int *f(int a) { return g(a); }", ["f"], ["g"]),
        (
            "a.cc",
            "namespace n { class A : public B { void m() { g(); } }; }\n"
            "int A::k(int x) { return B::h(x); }",
            ["A", "A.m", "A.k"],
            ["g", "h"],
        ),
        ("a.h", "template <class T> struct S { T f() { return o.q(); } };", ["S", "S.f"], ["q"]),
        (
            "A.cs",
            "using X;\nclass A : B, I { A() { new C(); } int M(int x) => this.F(x); }",
            ["A", "A.A", "A.M"],
            ["C", "F"],
        ),
        (
            "a.php",
            "<?php\nclass A extends B { function m() { $this->f(); B::g(); h(new C()); } }",
            ["A", "A.m"],
            ["C", "f", "g", "h"],
        ),
        ("a.rb", "class A < B\n def m\n  foo(1)\n end\nend\n", ["A", "A.m"], ["foo"]),
        (
            "assigned.js",
            "res.send = function () {}; A.prototype.m = () => {}; exports.x = function y() {};\n"
            "module.exports = function () {}; on(req, function ips() {});\n"
            "const q = { a: () => 1, b() {} }; class C { #p = () => f() }",
            ["res.send", "A.m", "x", "ips", "q.a", "q.b", "C", "C.#p"],
            ["on", "f"],
        ),
        (
            "signatures.ts",
            "interface I { m(a: string): void }\n"
            "abstract class A { abstract n(): void; f = () => 1 }",
            ["I", "I.m", "A", "A.n", "A.f"],
            [],
        ),
        (
            "types.go",
            "package x\ntype I interface { M(x int) error }\nfunc f() { g[int](1); T{}; p.U{} }",
            ["I", "I.M", "f"],
            ["T", "U", "g"],
        ),
        (
            "macros.rs",
            "macro_rules! mm { () => {} }\ntrait T { fn m(&self); }\n"
            "fn f() { assert!(g(h.i(1))); a::<u8>(1); b.c::<u8>(2); }",
            ["mm", "T", "T.m", "f"],
            ["a", "assert", "c", "g", "i"],
        ),
        (
            "generic.java",
            "@interface N { int v(); }\nrecord R(int a) { R { new Z<Q>(1); k(W::j); } }",
            ["N", "N.v", "R", "R.R"],
            ["Z", "j", "k"],
        ),
        (
            "types.c",
            "typedef struct b { int x; } b;\ntypedef struct { int x; } c;\ntypedef int (*d)(int);\n"
            "#define MAX(a, b) a\nenum e { E };\nvoid f(void) { p->g(1); }",
            ["b", "c", "d", "MAX", "e", "f"],
            ["g"],
        ),
        (
            "odd.cc",
            "API_EXPORT\nclass MY_API A final : public B { operator bool() { return 1; }\n"
            "  bool operator<(A a) NO_THROW { return g<int>(1); } };\n"
            "using T = int;\nint C<int>::m() { return x->h<int>() + new D(1); }",
            ["A", "A.operator bool", "A.operator<", "T", "C.m"],
            ["g", "D", "h"],
        ),
        (
            "members.cs",
            "class A { int P { get { return f(); } } int Q { get; set; } ~A() {}\n"
            "public static A operator +(A a) { return a?.B(); }\n"
            "void M() { c.D<int>(); new E<F>(); }}",
            ["A", "A.P", "A.~A", "A.operator+", "A.M"],
            ["f", "B", "D", "E"],
        ),
        (
            "calls.php",
            "<?php function f() { $a?->b(); new \\X\\Y(); \\strlen('x'); }",
            ["f"],
            ["Y", "b", "strlen"],
        ),
        (
            "operators.rb",
            "class A\n def <<(x)\n  Foo.new(1)\n end\n def =~(x)\n end\nend\n",
            ["A", "A.<<", "A.=~"],
            ["Foo", "new"],
        ),
    ],
)
def test_other_languages_are_read(
    path: str, source: str, names: list[str], calls: list[str]
) -> None:
    found = outline(path, source.encode())
    assert [d.qualified for d in found.definitions] == names
    assert [name for name, _ in found.calls] == calls


@pytest.mark.parametrize(
    ("path", "source", "bases"),
    [
        ("a.cpp", "class A : public B, private virtual C { int x; };", ("B", "C")),
        ("A.cs", "class A : B, I { }", ("B", "I")),
        ("a.php", "<?php class A extends B { }", ("B",)),
        (
            "b.php",
            "<?php class D extends E implements F, \\G\\H { use T, U; }",
            ("E", "F", "G.H", "T", "U"),
        ),
        ("A.java", "class A extends B<X> implements C, n.D<Y> {}", ("B", "C", "n.D")),
        ("a.ts", "class A extends B.C<D> implements E {}", ("B.C", "E")),
        ("b.ts", "interface A extends B<C>, D {}", ("B", "D")),
        ("a.go", "package x\ntype A struct { B; *c.D; e int }", ("B", "c.D")),
        ("a.rs", "struct A<T>; impl<T> fmt::B<T> for A<T> {}", ("fmt.B",)),
        ("b.rs", "trait A: B + C<D> {}", ("B", "C")),
        ("a.rb", "class A < B::C\n include M, N\nend", ("B.C", "M", "N")),
        ("a.py", "class A(b.B, Generic[T], metaclass=M): pass", ("b.B", "Generic")),
    ],
)
def test_what_a_class_inherits_from_is_read(path: str, source: str, bases: tuple[str, ...]) -> None:
    assert outline(path, source.encode()).definitions[0].bases == bases


@pytest.mark.parametrize(
    "content",
    [
        b"a=1;" * 1_250_000,
        b"(" * 100_000,
        b"[\n" * 100_000,
        b"\0\1\2def f(): pass",
        b"def f():\n  '\xff\xfe'\n" * 3_000,
        b"".join(b"%sdef f():\n" % (b" " * n) for n in range(1_000)),
        b"function f(){\n" * 20_000,
    ],
    ids=["minified", "brackets", "bracket lines", "binary", "mis-encoded", "deep", "open"],
)
@pytest.mark.parametrize("path", ["a.py", "a.js", "a.c"])
def test_odd_files_neither_hang_nor_raise(path: str, content: bytes) -> None:
    began = time.monotonic()
    record_of(path, content)
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("path", "source", "imports"),
    [
        (
            "a.js",
            "const a = require('x'); export * from 'y'; f('z')",
            ["require('x')", "export * from 'y';"],
        ),
        (
            "a.rb",
            "require 'x'\nrequire_relative 'y'\nputs 'z'",
            ["require 'x'", "require_relative 'y'"],
        ),
        ("a.php", "<?php use A\\B; require_once 'c.php';", ["use A\\B;", "require_once 'c.php'"]),
    ],
)
def test_imports_that_are_calls_are_read(path: str, source: str, imports: list[str]) -> None:
    assert sorted(text for text, _ in outline(path, source.encode()).imports) == sorted(imports)


def test_a_file_without_grammar_has_no_symbols() -> None:
    assert outline("notes.txt", b"def f(): pass").definitions == ()
