"""Environments in real containers: what set-up leaves, when it is found again, and images that
bring a work tree."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import docker
import pytest

from swe_agent.core.errors import EnvironmentFault
from swe_agent.core.protocols import Entry, Sandbox
from swe_agent.core.text import decoded
from swe_agent.runtime.box import Limits
from swe_agent.runtime.environment import DockerSandboxes, Prepared
from swe_agent.runtime.images import IMAGE_LABEL
from swe_agent.runtime.recipe import FOLDERS_LABEL, recipe_for
from swe_agent.runtime.setup import SetUp
from swe_agent.runtime.store import TreeStore

pytestmark = pytest.mark.docker

INSTALL = (
    "python3 -m venv --system-site-packages .venv",
    ".venv/bin/python -m pip install -q --no-index --no-build-isolation -e .",
)
"""Needs no network: the image has setuptools."""
PACKAGE = {
    "setup.py": "from setuptools import setup\nsetup(name='adder', version='1', "
    "packages=['adder'], package_dir={'': 'src'})\n",
    "src/adder/__init__.py": "def add(a, b):\n    return a - b\n",
    "README": "adds\n",
}
FIXED = "def add(a, b):\n    return a + b\n"
ASK = "python -c 'import adder; print(adder.add(2, 3), adder.__file__)'"


class Yard:
    """The sandboxes of one run and its store."""

    def __init__(self, engine: docker.DockerClient, folder: Path) -> None:
        folder.mkdir()
        self.store = TreeStore(folder / "store")
        self.sandboxes = DockerSandboxes(engine, self.store, folder.name, Limits(), folder)

    def tree(self, files: Mapping[str, str]) -> str:
        entries: dict[str, Entry | None] = {}
        for path, text in files.items():
            content = text.encode()
            entries[path] = Entry("file", self.store.put(content), len(content))
        return self.store.overlay(self.store.empty, entries)

    def said(self, prepared: Prepared, command: str, tree: str = "") -> str:
        """What a command prints in a fresh sandbox, whichever way it is run."""
        with self.sandboxes.fresh(prepared, tree or prepared.tree) as sandbox:
            return both(sandbox, command)


def both(sandbox: Sandbox, command: str) -> str:
    by_exec = decoded(sandbox.execute(command, 60).output)
    assert by_exec == decoded(sandbox.run(command, 60).output)
    return by_exec.strip()


@pytest.fixture
def made(engine: docker.DockerClient) -> Iterator[list[str]]:
    """Images to take away at the end."""
    names: list[str] = []
    yield names
    for name in names:
        with suppress(docker.errors.DockerException):
            engine.images.remove(name, force=True)


@pytest.fixture
def yard(engine: docker.DockerClient, tmp_path: Path) -> Yard:
    return Yard(engine, tmp_path / "one")


def prepared_in(
    yard: Yard, base_image: str, files: Mapping[str, str], made: list[str], reads: str = "setup.py"
) -> Prepared:
    setup = SetUp(
        base_image,
        INSTALL,
        network=False,
        inputs=(files.get(reads, ""), "test_environment"),
        path=(".venv/bin",),
        env={"ADDER": "on"},
    )
    prepared = yard.sandboxes.prepare(setup, yard.tree(files))
    made.append(prepared.image)
    return prepared


def test_an_equal_set_up_serves_an_edited_tree_and_never_a_stale_file(
    engine: docker.DockerClient, tmp_path: Path, base_image: str, made: list[str]
) -> None:
    first, second = Yard(engine, tmp_path / "one"), Yard(engine, tmp_path / "two")
    before = prepared_in(first, base_image, PACKAGE, made)
    assert first.said(before, ASK).startswith("-1 /workspace/src/adder")
    edited = {**PACKAGE, "src/adder/__init__.py": FIXED, "src/adder/more.py": ""}
    del edited["README"]
    after = prepared_in(second, base_image, edited, made)
    assert after.image == before.image
    assert second.said(after, ASK).startswith("5 /workspace/src/adder")
    assert second.said(after, "ls") == "setup.py\nsrc"
    assert second.said(after, "git status --short") == ""


def test_a_change_of_what_set_up_reads_makes_a_new_image(
    yard: Yard, base_image: str, made: list[str]
) -> None:
    before = prepared_in(yard, base_image, PACKAGE, made)
    other = {**PACKAGE, "setup.py": PACKAGE["setup.py"].replace("'1'", "'2'")}
    assert prepared_in(yard, base_image, other, made).image != before.image


def test_an_edit_is_tested_through_the_editable_install(
    yard: Yard, base_image: str, made: list[str]
) -> None:
    prepared = prepared_in(yard, base_image, PACKAGE, made)
    content = FIXED.encode()
    entry = Entry("file", yard.store.put(content), len(content))
    patched = yard.store.overlay(prepared.tree, {"src/adder/__init__.py": entry})
    assert yard.said(prepared, ASK, patched).startswith("5 ")


def test_the_image_of_a_set_up_holds_no_source_and_no_byte_code(
    engine: docker.DockerClient, yard: Yard, base_image: str, made: list[str]
) -> None:
    name = prepared_in(yard, base_image, PACKAGE, made).image
    look = "find /workspace -path '*/.venv/*' -prune -o -type f -print; ls -A /workspace"
    said = engine.containers.run(name, ["sh", "-c", look], remove=True).decode()
    assert "adder/__init__.py" not in said
    assert ".pyc" not in said
    assert ".git" not in said
    assert ".venv" in said


def test_what_the_profile_exports_reaches_every_command(
    yard: Yard, base_image: str, made: list[str]
) -> None:
    prepared = prepared_in(yard, base_image, PACKAGE, made)
    assert yard.said(prepared, "echo $ADDER; command -v python") == (
        "on\n/workspace/.venv/bin/python"
    )


def test_secrets_for_set_up_reach_neither_image_nor_sandbox(
    engine: docker.DockerClient, yard: Yard, base_image: str, made: list[str]
) -> None:
    setup = SetUp(
        base_image,
        ('test "$PIP_INDEX_URL" = https://u:CANARY@pypi.example',),
        network=False,
        inputs=("secrets",),
        passed_on={"PIP_INDEX_URL": "https://u:CANARY@pypi.example"},
    )
    prepared = yard.sandboxes.prepare(setup, yard.tree({"a": "b"}))
    made.append(prepared.image)
    assert "CANARY" not in str(engine.api.inspect_image(prepared.image))
    assert "CANARY" not in yard.said(
        prepared, "env | grep CANARY; grep -rs CANARY /tmp /workspace; true"
    )


def test_a_failing_set_up_says_its_line_and_keeps_no_image(
    engine: docker.DockerClient, yard: Yard, base_image: str
) -> None:
    setup = SetUp(
        base_image,
        ("echo u:token-CANARY; echo 'ERROR: no such package' >&2; exit 3",),
        network=False,
        inputs=("failing",),
        passed_on={"PIP_INDEX_URL": "https://u:token-CANARY@pypi.example"},
    )
    before = {tag for image in engine.images.list() for tag in image.tags}
    with pytest.raises(EnvironmentFault, match="ERROR: no such package") as fault:
        yard.sandboxes.prepare(setup, yard.tree({"a": "b"}))
    assert "exit 3" in fault.value.message
    assert "u:***\n" in fault.value.message
    assert "--network off" in fault.value.next_step
    assert setup.key("", "") not in str(before)


def test_set_up_sees_a_repository_with_the_version_tag(
    yard: Yard, base_image: str, made: list[str]
) -> None:
    yard.sandboxes.version_tag = "v1.4"
    setup = SetUp(base_image, ("git describe --tags >version",), network=False, inputs=("tag",))
    prepared = yard.sandboxes.prepare(setup, yard.tree({"a": "b"}))
    made.append(prepared.image)
    assert yard.said(prepared, "cat version") == "v1.4"


@pytest.fixture
def testbed(engine: docker.DockerClient, base_image: str, tmp_path: Path) -> Iterator[str]:
    """A look-alike of a SWE-bench image: root, a repository at /testbed whose HEAD holds the
    answer, a conda environment."""
    (tmp_path / "Dockerfile").write_text(
        f"""FROM {base_image}
RUN mkdir -p /opt/miniconda3/envs/testbed/bin /testbed/pkg \\
 && ln -s /usr/bin/python3 /opt/miniconda3/envs/testbed/bin/python \\
 && printf '#!/bin/sh\\necho only-in-testbed' >/opt/miniconda3/envs/testbed/bin/tool \\
 && chmod 755 /opt/miniconda3/envs/testbed/bin/tool
WORKDIR /testbed
RUN git init -q . && git config user.name a && git config user.email a@example.org \\
 && echo 'ANSWER = 42' >pkg/answer.py && echo base >pkg/__init__.py && echo '*.so' >.gitignore \\
 && git add -A && git commit -q -m answer && git rm -q pkg/answer.py && echo stale >stale.py \\
 && git add -A && git commit -q -m head && echo built >pkg/fast.so && echo left >untracked.txt
"""
    )
    name = "swe-agent-test-testbed:1"
    engine.images.build(path=str(tmp_path), rm=True, tag=name)
    yield name
    engine.images.remove(name, force=True)


TASK = {"pkg/__init__.py": "mine\n", ".gitignore": "*.so\n", "new.py": "x = 1\n"}


def test_a_swe_bench_image_gets_the_tasks_tree_and_keeps_what_was_built(
    yard: Yard, testbed: str, made: list[str]
) -> None:
    prepared = yard.sandboxes.prepare(SetUp(testbed), yard.tree(TASK))
    made.append(prepared.image)
    with yard.sandboxes.fresh(prepared, prepared.tree) as sandbox:
        assert sandbox.root == "/testbed"
        assert both(sandbox, "cat pkg/__init__.py pkg/fast.so untracked.txt") == "mine\nbuilt\nleft"
        assert both(sandbox, "ls") == "new.py\npkg\nuntracked.txt"
        assert both(sandbox, "git log --all --oneline | wc -l; git status --short") == "1"
        assert "ANSWER" not in both(
            sandbox, "git log --all -p; grep -rs ANSWER . | grep -v B; true"
        )
        assert sandbox.checkpoint().tree == prepared.tree


def test_commands_in_a_swe_bench_image_have_its_conda_environment(
    yard: Yard, testbed: str, made: list[str]
) -> None:
    prepared = yard.sandboxes.prepare(SetUp(testbed), yard.tree(TASK))
    made.append(prepared.image)
    asked = "tool; command -v python; echo $CONDA_DEFAULT_ENV; id -u"
    assert yard.said(prepared, asked) == (
        "only-in-testbed\n/opt/miniconda3/envs/testbed/bin/python\ntestbed\n0"
    )


def test_set_up_on_a_swe_bench_image_goes_on_from_what_was_built(
    yard: Yard, testbed: str, made: list[str]
) -> None:
    made.append(yard.sandboxes.prepare(SetUp(testbed), yard.tree(TASK)).image)
    setup = SetUp(testbed, ("cat pkg/fast.so >copy.txt; tool >>copy.txt",), network=False)
    prepared = yard.sandboxes.prepare(setup, yard.tree(TASK))
    made.append(prepared.image)
    assert yard.said(prepared, "cat copy.txt") == "built\nonly-in-testbed"


def test_an_image_of_ours_tells_so_by_label(
    engine: docker.DockerClient, yard: Yard, base_image: str, made: list[str]
) -> None:
    name = prepared_in(yard, base_image, PACKAGE, made).image
    assert engine.api.inspect_image(name)["Config"]["Labels"][IMAGE_LABEL] == "env"


@pytest.mark.parametrize("whose", ["1000:1000 /workspace", "0:0 /workspace"])
def test_a_sandbox_works_in_the_folders_that_its_image_brings_or_in_its_own(
    engine: docker.DockerClient,
    yard: Yard,
    base_image: str,
    made: list[str],
    tmp_path: Path,
    whose: str,
) -> None:
    folders = "/workspace /.swe-agent /.swe-agent/home /.swe-agent/state"
    owner = whose.split()[0]
    (tmp_path / "Dockerfile").write_text(
        f"FROM {base_image}\nRUN rm -rf {folders} && mkdir {folders} && chown {owner} {folders} "
        f'&& chmod 700 {folders}\nLABEL {FOLDERS_LABEL}="{whose}"\n'
    )
    made.append("swe-agent-test-folders:1")
    engine.images.build(path=str(tmp_path), rm=True, tag=made[0])
    said = yard.said(
        Prepared(made[0], yard.tree(TASK)), "stat -c '%u %a' /workspace $HOME; cat new.py; pwd"
    )
    assert said.splitlines()[1:] == ["1000 700", "x = 1", "/workspace"]
    # The engine makes missing folders for all to read; those of an image stay as they are.
    assert said.splitlines()[0] == ("1000 700" if owner == "1000:1000" else "1000 755")


def test_the_image_of_a_set_up_brings_the_folders_of_its_sandboxes(
    engine: docker.DockerClient, yard: Yard, base_image: str, made: list[str]
) -> None:
    name = prepared_in(yard, base_image, PACKAGE, made).image
    assert recipe_for(engine, name, "a-run", Limits()).has_folders
    asked = "stat -c '%a %u %n' /.swe-agent /.swe-agent/home"
    told = yard.said(Prepared(name, yard.tree(PACKAGE)), asked)
    assert told == "700 1000 /.swe-agent\n700 1000 /.swe-agent/home"
