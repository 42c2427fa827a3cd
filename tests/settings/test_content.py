"""Where content is looked for, and what wins."""

from pathlib import Path

import pytest

from swe_agent.core.errors import UsageFault
from swe_agent.settings.content import (
    built_in_root,
    config_home,
    content_files,
    content_path,
)
from swe_agent.settings.prompts import prompt

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "config"
    monkeypatch.setenv("SWE_AGENT_CONFIG_HOME", str(folder))
    return folder


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_the_environment_names_the_config_folder(home: Path) -> None:
    assert config_home() == home


def test_a_checkout_of_this_project_wins_over_a_stale_packaged_copy(tmp_path: Path) -> None:
    put(tmp_path / "pyproject.toml", '[project]\nname = "swe-agent"\n')
    put(tmp_path / "swe_agent" / "_content" / "tools" / "stale.py", "")
    assert built_in_root(tmp_path / "swe_agent") == tmp_path


@pytest.mark.parametrize(
    "pyproject",
    [None, '[project]\nname = "stranger"\n', "not toml [", 'project = "swe-agent"\n'],
    ids=["no pyproject", "another project", "broken", "no table"],
)
def test_a_strangers_sibling_folder_is_not_our_content(
    tmp_path: Path, pyproject: str | None
) -> None:
    put(tmp_path / "tools" / "stranger.py", "")
    if pyproject is not None:
        put(tmp_path / "pyproject.toml", pyproject)
    package = tmp_path / "swe_agent"
    assert built_in_root(package) == package / "_content"


def test_a_users_file_wins_over_ours_of_the_same_name(home: Path) -> None:
    ours = content_files("configs", ".yaml")["default"]
    theirs = put(home / "configs" / "default.yaml", "")
    assert ours == CHECKOUT / "configs" / "default.yaml"
    assert content_files("configs", ".yaml")["default"] == theirs
    assert content_path("configs", "default.yaml") == theirs


def test_a_listing_merges_ours_and_the_users(home: Path) -> None:
    put(home / "configs" / "mine.yaml", "")
    assert {"default", "mine"} <= content_files("configs", ".yaml").keys()


def test_names_that_start_with_an_underscore_or_dot_are_not_content(home: Path) -> None:
    put(home / "tools" / "_shared.py", "")
    put(home / "tools" / ".hidden.py", "")
    put(home / "tools" / "__pycache__" / "x.py", "")
    put(home / "tools" / "mine.py", "")
    names = content_files("tools", ".py").keys()
    assert "mine" in names
    assert not [
        name for name in names if "_shared" in name or "hidden" in name or "pycache" in name
    ]


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../x", "a/../../x", "a\0b"])
def test_a_name_never_leaves_the_content_folder(name: str) -> None:
    with pytest.raises(UsageFault, match="not a name"):
        content_path("configs", name)


def test_a_missing_file_is_answered_with_the_name_that_was_meant() -> None:
    with pytest.raises(UsageFault) as raised:
        content_path("configs", "defualt.yaml")
    assert "default.yaml" in raised.value.next_step


def test_a_prompt_gets_its_values_and_values_are_not_templates(home: Path) -> None:
    put(home / "configs" / "prompts" / "greeting.j2", "Issue: {{ issue }}\n")
    assert prompt("greeting", issue="{{7*7}} <b>") == "Issue: {{7*7}} <b>"


def test_a_prompt_without_one_of_its_values_is_refused(home: Path) -> None:
    put(home / "configs" / "prompts" / "greeting.j2", "Issue: {{ issue }}")
    with pytest.raises(UsageFault, match="'issue' is undefined"):
        prompt("greeting")


def test_a_prompt_with_broken_syntax_is_refused(home: Path) -> None:
    put(home / "configs" / "prompts" / "broken.j2", "{% if %}")
    with pytest.raises(UsageFault, match=r"broken\.j2"):
        prompt("broken")


def test_a_prompt_cannot_reach_pythons_internals(home: Path) -> None:
    put(home / "configs" / "prompts" / "sly.j2", "{{ x.__class__.__mro__ }}")
    with pytest.raises(UsageFault, match="unsafe"):
        prompt("sly", x="")
