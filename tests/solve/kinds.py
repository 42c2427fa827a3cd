"""One tiny project for each kind of environment: a function that subtracts where it should add, and
a test that fails for it."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Kind:
    """A project and what is expected of it."""

    profile: str
    path: str
    """The file with the bug."""
    files: dict[str, str] = field(default_factory=dict)
    old: str = "a - b"
    new: str = "a + b"


PYTHON_CODE = "def add(a, b):\n    return a - b\n"
PYTEST = "import {needs}\n\nfrom calc import add\n\n\ndef test_add():\n    assert add(2, 3) == 5\n"
MAVEN_TEST = """package demo;

import static org.junit.Assert.assertEquals;

import org.junit.Test;

public class CalcTest {
    @Test
    public void adds() {
        assertEquals(5, Calc.add(2, 3));
    }
}
"""
JAVA_CODE = """package demo;

public class Calc {
    public static int add(int a, int b) {
        return a - b;
    }
}
"""
POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>demo</groupId>
  <artifactId>calc</artifactId>
  <version>1</version>
  <properties>
    <maven.compiler.source>11</maven.compiler.source>
    <maven.compiler.target>11</maven.compiler.target>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
  </properties>
  <dependencies>
    <dependency>
      <groupId>junit</groupId>
      <artifactId>junit</artifactId>
      <version>4.13.2</version>
      <scope>test</scope>
    </dependency>
  </dependencies>
</project>
"""
DEBIAN_JAVA = "file:///usr/share/maven-repo"
"""Where Debian's packages put what Maven and Gradle would download."""
GRADLE = f"""apply plugin: 'java'

repositories {{
    maven {{ url '{DEBIAN_JAVA}' }}
}}

dependencies {{
    testCompile 'junit:junit:4.13.2'
}}
"""
_JAVA = {
    "src/main/java/demo/Calc.java": JAVA_CODE,
    "src/test/java/demo/CalcTest.java": MAVEN_TEST,
}
_JAVA_BUG = "src/main/java/demo/Calc.java"

KINDS = {
    "pyproject": Kind(
        "python",
        "src/calc/__init__.py",
        {
            "src/calc/__init__.py": PYTHON_CODE,
            "tests/test_calc.py": PYTEST.format(needs="iniconfig"),
            "pyproject.toml": """[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "calc"
version = "1"
dependencies = ["iniconfig"]
""",
        },
    ),
    "setup.py": Kind(
        "python",
        "calc.py",
        {
            "calc.py": PYTHON_CODE,
            "tests/test_calc.py": PYTEST.format(needs="six"),
            "setup.py": "from setuptools import setup\n\n"
            'setup(name="calc", version="1", py_modules=["calc"], install_requires=["six"])\n',
        },
    ),
    "requirements": Kind(
        "python",
        "calc.py",
        {
            "calc.py": PYTHON_CODE,
            "test_calc.py": PYTEST.format(needs="six"),
            "requirements.txt": "six\n",
        },
    ),
    "tox": Kind(
        "python",
        "calc.py",
        {
            "calc.py": PYTHON_CODE,
            "test_calc.py": PYTEST.format(needs="six"),
            "tox.ini": "[tox]\nskipsdist = true\n\n[testenv]\ndeps =\n    pytest\n    six\n"
            "commands = pytest\n",
        },
    ),
    "node": Kind(
        "node",
        "calc.js",
        {
            "calc.js": "exports.add = (a, b) => a - b;\n",
            "test.js": 'require("ms");\nconst assert = require("assert");\n'
            'assert.strictEqual(require("./calc").add(2, 3), 5);\n',
            "package.json": '{"name": "calc", "version": "1.0.0", "scripts": {"test": "node '
            'test.js"}, "dependencies": {"ms": "2.1.3"}}\n',
        },
    ),
    "go": Kind(
        "go",
        "calc.go",
        {
            "calc.go": "package calc\n\nfunc Add(a, b int) int { return a - b }\n",
            "calc_test.go": 'package calc\n\nimport "testing"\n\nfunc TestAdd(t *testing.T) {\n'
            '\tif Add(2, 3) != 5 {\n\t\tt.Fatal("wrong")\n\t}\n}\n',
            "go.mod": "module calc\n\ngo 1.19\n",
        },
    ),
    "rust": Kind(
        "rust",
        "src/lib.rs",
        {
            "src/lib.rs": "pub fn add(a: i32, b: i32) -> i32 {\n    a - b\n}\n\n#[test]\nfn adds() "
            "{\n    assert_eq!(add(2, 3), 5);\n}\n",
            "Cargo.toml": '[package]\nname = "calc"\nversion = "0.1.0"\nedition = "2021"\n',
        },
    ),
    "maven": Kind(
        "java",
        _JAVA_BUG,
        {
            **_JAVA,
            "pom.xml": POM,
            ".mvn/maven.config": "-s\n.mvn/settings.xml\n",
            ".mvn/settings.xml": "<settings><mirrors><mirror><id>debian</id><mirrorOf>*</mirrorOf>"
            f"<url>{DEBIAN_JAVA}</url></mirror></mirrors></settings>\n",
        },
    ),
    "gradle": Kind("java", _JAVA_BUG, {**_JAVA, "build.gradle": GRADLE}),
    "ruby": Kind(
        "ruby",
        "lib/calc.rb",
        {
            "lib/calc.rb": "def add(a, b)\n  a - b\nend\n",
            "test/test_calc.rb": 'require "minitest/autorun"\nrequire_relative "../lib/calc"\n\n'
            "class TestCalc < Minitest::Test\n  def test_add\n    assert_equal 5, add(2, 3)\n  "
            "end\nend\n",
            "Rakefile": 'require "rake/testtask"\n\nRake::TestTask.new(:test) { |t| t.pattern = '
            '"test/test_*.rb" }\n',
            "Gemfile": 'source "https://rubygems.org"\n\ngem "rake"\ngem "minitest"\n',
        },
    ),
    "cmake": Kind(
        "cmake",
        "calc.cpp",
        {
            "calc.cpp": "int add(int a, int b) { return a - b; }\n",
            "test.cpp": "int add(int, int);\nint main() { return add(2, 3) == 5 ? 0 : 1; }\n",
            "CMakeLists.txt": "cmake_minimum_required(VERSION 3.16)\nproject(calc CXX)\n"
            "enable_testing()\nadd_executable(t calc.cpp test.cpp)\n"
            "add_test(NAME adds COMMAND t)\n",
        },
    ),
    "make": Kind(
        "make",
        "calc.c",
        {
            "calc.c": "int add(int a, int b) { return a - b; }\n",
            "test.c": "int add(int, int);\nint main(void) { return add(2, 3) == 5 ? 0 : 1; }\n",
            "Makefile": "test: t\n\t./t\n\nt: calc.c test.c\n\tcc -o t calc.c test.c\n\n"
            ".PHONY: test\n",
        },
    ),
}
