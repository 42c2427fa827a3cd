"""Where an instance's repository and environment come from."""

from dataclasses import replace
from pathlib import Path

import pytest

from swe_agent.core.errors import UsageFault
from swe_agent.jobs.batch_origin import Places, mirror_of, origin_of, settings_of
from swe_agent.jobs.tasks_instance import Instance
from swe_agent.runtime.origins import CommitOf, Files
from swe_agent.runtime.store import TreeStore
from swe_agent.settings.load import load
from tests.jobs.batch.conftest import Tasks, git


def read(origin: CommitOf | Files, folder: Path) -> dict[str, bytes]:
    store = TreeStore(folder)
    reader = store.reader(origin.taken(store).tree)
    return {path: reader.read(path) for path in reader.paths()}


def test_a_commit_is_read_as_it_was_committed_whatever_the_work_tree_says(
    tasks: Tasks, tmp_path: Path
) -> None:
    calc = tasks.folder / "calc"
    (calc / "run.sh").write_bytes(b"#!/bin/sh\r\n")
    (calc / "run.sh").chmod(0o755)
    (calc / "link").symlink_to("calc.py")
    (calc / "odd \udcff.txt").write_bytes(b"\x00\xff")
    git(calc, "add", "-A")
    git(calc, "commit", "-q", "-m", "more")
    head = git(calc, "rev-parse", "HEAD")
    git(calc, "tag", "v1.0")
    (calc / "calc.py").write_text("dirty")
    (calc / "later.py").write_text("later")
    git(calc, "add", "later.py")
    git(calc, "commit", "-q", "-m", "later")
    store = TreeStore(tmp_path / "store")
    taken = CommitOf(calc, head).taken(store)
    reader = store.reader(taken.tree)
    assert set(reader.paths()) == {"calc.py", "test_calc.py", "run.sh", "link", "odd \udcff.txt"}
    assert reader.read("run.sh") == b"#!/bin/sh\r\n"
    assert reader.read("odd \udcff.txt") == b"\x00\xff"
    assert reader.read("link") == b"calc.py"
    entry = reader.entry("run.sh")
    assert entry is not None
    assert entry.executable
    assert reader.read("calc.py") != b"dirty"
    assert (taken.head, taken.version_tag) == (head, "v1.0")


def test_a_commit_whose_history_is_not_all_there_has_no_tag(tasks: Tasks, tmp_path: Path) -> None:
    calc = tasks.folder / "calc"
    git(calc, "tag", "v1.0-gone")
    first = git(calc, "rev-parse", "HEAD")
    git(calc, "commit", "-q", "--allow-empty", "-m", "later")
    head = git(calc, "rev-parse", "HEAD")
    whole = CommitOf(calc, "HEAD").taken(TreeStore(tmp_path / "store"))
    assert (whole.head, whole.version_tag) == (head, "v1.0-gone")
    (calc / ".git/objects" / first[:2] / first[2:]).unlink()
    cut = CommitOf(calc, "HEAD").taken(TreeStore(tmp_path / "other"))
    assert (cut.head, cut.version_tag) == (head, "")


def test_a_clean_filter_of_the_repository_is_not_run(tasks: Tasks, tmp_path: Path) -> None:
    calc = tasks.folder / "calc"
    marker = tmp_path / "marker"
    git(calc, "config", "filter.x.smudge", f"touch {marker}; cat")
    git(calc, "config", "core.fsmonitor", f"touch {marker}")
    (calc / ".gitattributes").write_text("* filter=x\n")
    git(calc, "add", "-A")
    git(calc, "commit", "-q", "-m", "filters")
    marker.unlink(missing_ok=True)
    read(CommitOf(calc, "HEAD"), tmp_path / "store")
    assert not marker.exists()


@pytest.mark.parametrize("name", ["acme/rocket.git", "acme/rocket", "acme__rocket.git", "rocket"])
def test_a_mirror_folder_has_clones_of_many_names(tasks: Tasks, tmp_path: Path, name: str) -> None:
    place = tmp_path / "mirror" / name
    place.parent.mkdir(parents=True)
    bare = ["--bare"] if name.endswith(".git") else []
    git(tmp_path, "clone", "-q", *bare, str(tasks.folder / "calc"), str(place))
    places = Places((tmp_path / "mirror",))
    for repo in ("acme/rocket", "https://github.com/acme/rocket.git", "git@host:acme/rocket"):
        assert mirror_of(repo, places) == place
    origin = origin_of(Instance(id="a", repo="acme/rocket", base="main"), load(), places)
    assert isinstance(origin, CommitOf)
    assert "calc.py" in read(origin, tmp_path / "store")


@pytest.mark.parametrize("repo", ["../calc", "acme/../../calc", "/..", "nobody/nothing", ""])
def test_a_repository_that_is_not_here_is_said(tasks: Tasks, repo: str, tmp_path: Path) -> None:
    (tmp_path / "mirror").mkdir()
    if repo.startswith("/"):
        with pytest.raises(UsageFault):
            read(CommitOf(Path(repo), "HEAD"), tmp_path / "store")
        return
    with pytest.raises(UsageFault, match="is not here"):
        origin_of(Instance(id="a", repo=repo), load(), Places((tmp_path / "mirror",)))


@pytest.mark.parametrize("revision", ["0" * 40, "nowhere", "--output=x"])
def test_a_commit_that_is_not_there_is_said(tasks: Tasks, tmp_path: Path, revision: str) -> None:
    with pytest.raises(UsageFault, match="has no commit"):
        CommitOf(tasks.folder / "calc", revision).taken(TreeStore(tmp_path / "store"))


def test_a_few_files_are_a_repository(tmp_path: Path) -> None:
    instance = Instance(id="a", files={"a.py": "x\n", "b/c.txt": "é"})
    origin = origin_of(instance, load(), Places())
    assert isinstance(origin, Files)
    assert read(origin, tmp_path) == {"a.py": b"x\n", "b/c.txt": "é".encode()}


def test_an_instance_has_its_own_setup_tests_and_image() -> None:
    instance = Instance(
        id="a",
        image="own/image:1",
        setup=("pip install -e .",),
        test=("pytest -q",),
        env={"A": "b c"},
    )
    settings = settings_of(instance, load(), Places()).settings
    assert settings.sandbox.image == "own/image:1"
    assert settings.sandbox.setup == ("export A='b c'; pip install -e .",)
    assert settings.tests.commands == ("env A='b c' pytest -q",)


def test_what_the_user_gave_wins_over_the_instance() -> None:
    given = load(overrides={"sandbox.image": "mine:1", "tests.commands": ("make test",)})
    instance = Instance(id="a", image="own/image:1", test=("pytest -q",))
    settings = settings_of(instance, given, Places()).settings
    assert (settings.sandbox.image, settings.tests.commands) == ("mine:1", ("make test",))


def test_the_published_image_is_used_only_where_nothing_else_brings_the_repository(
    tasks: Tasks,
) -> None:
    instance = Instance(id="a", repo="calc", usual_image="published:1")
    nowhere, here = Places(), Places((tasks.folder,))
    assert settings_of(instance, load(), nowhere).settings.sandbox.image == "published:1"
    assert settings_of(instance, load(), here).settings.sandbox.image is None


def test_a_models_name_may_hold_the_instances_id() -> None:
    loaded = load(overrides={"model": "scripted/x/{id}.jsonl"})
    loaded = replace(loaded)
    instance = Instance(id="a-1")
    assert settings_of(instance, loaded, Places()).settings.model == "scripted/x/a-1.jsonl"
