"""Profiles: what recognizes a repository, and the set-up that follows from its files."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from swe_agent.core.errors import UsageFault
from swe_agent.core.protocols import Entry
from swe_agent.runtime.profiles import (
    Plan,
    detect_profile,
    load_profiles,
    plan_of,
    profile_named,
)
from swe_agent.runtime.pyproject import python_facts
from swe_agent.runtime.setup import SetUp
from swe_agent.runtime.store import StoredTree, TreeStore
from swe_agent.runtime.versions import allows


@pytest.fixture
def store(tmp_path: Path) -> TreeStore:
    return TreeStore(tmp_path / "store")


def tree_of(store: TreeStore, files: Mapping[str, str]) -> StoredTree:
    entries: dict[str, Entry | None] = {}
    for path, text in files.items():
        content = text.encode()
        entries[path] = Entry("file", store.put(content), len(content))
    return store.reader(store.overlay(store.empty, entries))


def plan(store: TreeStore, files: Mapping[str, str], runner: str = "") -> Plan:
    tree = tree_of(store, files)
    profile = detect_profile(tree, load_profiles())
    assert profile is not None
    return plan_of(profile, tree, {**python_facts(tree).blanks, "runner": runner})


@pytest.mark.parametrize(
    ("files", "name"),
    [
        (["pyproject.toml"], "python"),
        (["setup.py", "Makefile"], "python"),
        (["requirements-dev.txt", "package.json"], "python"),
        (["package.json", "scripts/build.py"], "node"),
        (["go.mod", "main.go"], "go"),
        (["Cargo.toml"], "rust"),
        (["pom.xml"], "java"),
        (["Gemfile"], "ruby"),
        (["CMakeLists.txt", "Makefile"], "cmake"),
        (["Makefile", "a.c"], "make"),
        (["gcd.py", "README"], "python"),
        (["lib/only.rb", "only.rb"], "ruby"),
    ],
    ids=lambda value: value if isinstance(value, str) else "+".join(value),
)
def test_a_repository_is_recognized_by_its_files(
    store: TreeStore, files: list[str], name: str
) -> None:
    found = detect_profile(tree_of(store, dict.fromkeys(files, "")), load_profiles())
    assert found is not None
    assert found.name == name


def test_nothing_is_recognized_in_plain_text(store: TreeStore) -> None:
    assert detect_profile(tree_of(store, {"README": "", "a/b/c.py": ""}), load_profiles()) is None


def test_a_package_is_installed_with_the_extras_of_its_tests(store: TreeStore) -> None:
    made = plan(
        store,
        {
            "pyproject.toml": '[build-system]\nrequires=[]\n[project]\nname="a"\n'
            '[project.optional-dependencies]\ntest=["pytest"]\ndocs=["sphinx"]\n',
            "requirements-test.txt": "",
        },
        "pytest",
    )
    assert made.commands == (
        "python3 -m venv --system-site-packages .venv",
        ".venv/bin/python -m pip install -q -r requirements-test.txt",
        ".venv/bin/python -m pip install -q -e '.[test]'",
        ".venv/bin/python -m pip install -q pytest",
    )


def test_a_project_that_is_no_package_gets_its_dependencies_alone(store: TreeStore) -> None:
    made = plan(
        store, {"pyproject.toml": '[project]\nname="a"\ndependencies=["six>=1", "attrs"]\n'}
    )
    assert made.commands[-1] == ".venv/bin/python -m pip install -q 'six>=1' attrs"


def test_dependency_groups_are_expanded(store: TreeStore) -> None:
    made = plan(
        store,
        {
            "pyproject.toml": '[dependency-groups]\nbase=["six"]\n'
            'test=["pytest", {include-group="base"}]\nlint=["ruff"]\n'
        },
    )
    assert made.commands[-1].endswith("install -q pytest six")


def test_setup_py_is_read_and_not_run(store: TreeStore) -> None:
    script = (
        "import setuptools\nraise SystemExit('run')\n"
        "setuptools.setup(name='a', python_requires='>=3.6,<3.10', extras_require={'dev': []},\n"
        "    classifiers=['Programming Language :: Python :: 3.8'])\n"
    )
    facts = python_facts(tree_of(store, {"setup.py": script}))
    assert (facts.requires, facts.install) == (">=3.6,<3.10", "-e '.[dev]'")
    assert facts.listed == ((3, 8),)


@pytest.mark.parametrize(
    "files",
    [
        {"pyproject.toml": "not [toml"},
        {"setup.cfg": "no section"},
        {"setup.py": "def ("},
        {"pyproject.toml": 'project = "text"'},
        {"pyproject.toml": "[project]\ndependencies = {a = 1}"},
        {"tox.ini": "[testenv]\ndeps = -rreq.txt\n"},
    ],
    ids=["toml", "ini", "python", "project is text", "dependencies are a table", "tox file"],
)
def test_files_that_do_not_parse_say_nothing(store: TreeStore, files: dict[str, str]) -> None:
    facts = python_facts(tree_of(store, files))
    assert (facts.requires, facts.packages) == ("", ())


def test_an_option_cannot_pose_as_a_requirement(store: TreeStore) -> None:
    text = '[project]\ndependencies=["--index-url=http://evil", "six; echo", "a$(id)"]\n'
    facts = python_facts(tree_of(store, {"pyproject.toml": text}))
    assert facts.packages == ("six; echo",)
    assert facts.blanks["packages"] == "'six; echo'"


def test_a_script_without_needs_is_not_set_up(store: TreeStore) -> None:
    assert plan(store, {"gcd.py": "", "test_gcd.py": "import unittest"}).commands == ()


def test_a_hostile_file_name_stays_one_word(store: TreeStore) -> None:
    made = plan(store, {"requirements-test;id.txt": ""})
    assert made.commands[-1].endswith("-r 'requirements-test;id.txt'")


def key(store: TreeStore, files: Mapping[str, str]) -> str:
    made = plan(store, files)
    return SetUp("image", made.commands, inputs=made.inputs).key("id", "tree")


def test_the_key_is_of_what_the_set_up_reads(store: TreeStore) -> None:
    before = {"setup.py": "setup()", "a.py": "1", "pkg/fast.pyx": "x"}
    assert key(store, before) == key(store, {**before, "a.py": "2", "b.py": ""})
    assert key(store, before) != key(store, {**before, "setup.py": "setup(name='a')"})
    assert key(store, before) != key(store, {**before, "requirements.txt": "six"})
    assert key(store, before) != key(store, {**before, "pkg/fast.pyx": "y"})


def test_commands_of_the_user_are_keyed_by_the_whole_tree() -> None:
    setup = SetUp("image", ("make",))
    assert setup.key("id", "one") != setup.key("id", "two")


@pytest.mark.parametrize(
    ("specifier", "version", "fits"),
    [
        ("", (3, 12), True),
        (">=3.8", (3, 7), False),
        (">=3.8,<4", (3, 13), True),
        ("<3.12", (3, 12), False),
        ("<=3.11", (3, 11), False),
        ("<=3", (3, 11), True),
        ("~=3.9", (3, 12), True),
        ("~=3.9.1", (3, 10), False),
        ("^3.8", (4, 0), False),
        ("~3.8", (3, 9), False),
        ("==3.9.*", (3, 9), True),
        ("==3.*", (3, 9), True),
        ("!=3.9.*", (3, 9), False),
        ("!=3.9.2", (3, 9), True),
        ("2.7 || >=3.6", (3, 6), True),
        ("nonsense", (3, 6), True),
    ],
)
def test_a_specifier_allows_minor_versions(
    specifier: str, version: tuple[int, int], fits: bool
) -> None:
    assert allows(specifier, version) is fits


def test_a_users_profile_is_loaded_and_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SWE_AGENT_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "sandbox" / "profiles"
    folder.mkdir(parents=True)
    (folder / "python.yaml").write_text("about: mine\nrecognizes: [mine.txt]\n")
    (folder / "zig.yaml").write_text("about: Zig\nrecognizes: [build.zig]\n")
    assert profile_named("python").about == "mine"
    assert profile_named("zig").recognizes == ("build.zig",)


def test_a_wrong_profile_is_named_with_the_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SWE_AGENT_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "sandbox" / "profiles"
    folder.mkdir(parents=True)
    (folder / "bad.yaml").write_text("about: x\nrecognises: [a]\n")
    with pytest.raises(UsageFault, match=r"bad\.yaml is wrong at recogni"):
        load_profiles()


def test_an_unknown_profile_is_answered_with_what_there_is() -> None:
    with pytest.raises(UsageFault) as fault:
        profile_named("pyton")
    assert "python" in fault.value.next_step
