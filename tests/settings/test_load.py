"""Settings from their sources: order, provenance, refusals."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from swe_agent.core.errors import UsageFault
from swe_agent.settings.content import built_in_root
from swe_agent.settings.layers import known_keys
from swe_agent.settings.load import FROM_ENVIRONMENT, load, preset_files
from swe_agent.settings.schema import Section, Settings


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "config"
    folder.mkdir()
    monkeypatch.setenv("SWE_AGENT_CONFIG_HOME", str(folder))
    for variable in FROM_ENVIRONMENT:
        monkeypatch.delenv(variable, raising=False)
    return folder


@pytest.fixture
def repository(tmp_path: Path) -> Callable[[str], Path]:
    def make(text: str) -> Path:
        folder = tmp_path / "repository"
        (folder / ".swe-agent").mkdir(parents=True)
        (folder / ".swe-agent" / "config.yaml").write_text(text)
        return folder

    return make


def test_without_sources_the_defaults_are_in_force_and_said_so() -> None:
    loaded = load()
    assert loaded.settings == Settings()
    assert set(loaded.provenance.values()) == {"default"}
    assert loaded.provenance.keys() == known_keys().keys()


def test_the_defaults_file_says_the_same_as_the_schema() -> None:
    text = (built_in_root() / "configs" / "default.yaml").read_text()
    assert Settings.model_validate(yaml.safe_load(text)) == Settings()


def test_each_source_wins_over_the_one_before(
    home: Path, repository: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (home / "config.yaml").write_text(
        "model: a/user\nsandbox: {profile: user}\ntests: {timeout_s: 1}"
    )
    where = repository("sandbox: {profile: repository}")
    assert load(repository=where).settings.sandbox.profile == "repository"
    preset = tmp_path / "preset.yaml"
    preset.write_text("model: a/preset\nsandbox.profile: preset")
    seen = load([str(preset)], repository=where)
    assert (seen.settings.model, seen.settings.sandbox.profile) == ("a/preset", "preset")
    monkeypatch.setenv("SWE_AGENT_MODEL", "a/environment")
    assert load([str(preset)]).settings.model == "a/environment"
    assert load([str(preset)], ["model=a/set"]).settings.model == "a/set"
    last = load([str(preset)], ["model=a/set"], {"model": "a/option", "mode": None}, where)
    assert last.settings.model == "a/option"
    assert last.settings.tests.timeout_s == 1
    assert last.provenance["model"] == "command line"
    assert last.provenance["sandbox.profile"] == str(preset)
    assert last.provenance["tests.timeout_s"] == str(home / "config.yaml")
    assert last.provenance["mode"] == "default"


def test_a_later_preset_wins_and_keeps_what_it_does_not_name(home: Path) -> None:
    (home / "configs").mkdir()
    (home / "configs" / "one.yaml").write_text("limits: {max_steps: 1, max_cost_usd: 1}")
    (home / "configs" / "two.yaml").write_text("limits: {max_steps: 2}")
    loaded = load(["one", "two"])
    assert (loaded.settings.limits.max_steps, loaded.settings.limits.max_cost_usd) == (2, 1)
    assert loaded.provenance["limits.max_steps"] == "preset two"


def test_a_repository_sets_harmless_keys_only_and_the_rest_is_named(
    repository: Callable[[str], Path],
) -> None:
    where = repository(
        "tests: {commands: [make check]}\n"
        "sandbox: {setup: [make deps], image: evil/image, include: ['.env'], network: 'on'}\n"
        "models: {base_url: 'http://127.0.0.1:9/'}\nmodel: openai/x\nplugins: [x]\n"
    )
    loaded = load(repository=where)
    assert loaded.settings.tests.commands == ("make check",)
    assert loaded.settings.sandbox.setup == ("make deps",)
    assert loaded.settings.sandbox.image is None
    assert loaded.settings.sandbox.include == ()
    assert loaded.settings.sandbox.network == "setup"
    assert loaded.settings.models.base_url is None
    assert loaded.settings.model is None
    assert set(loaded.ignored) == {
        "sandbox.image",
        "sandbox.include",
        "sandbox.network",
        "models.base_url",
        "model",
        "plugins",
    }


def test_what_is_ignored_is_safe_to_print(repository: Callable[[str], Path]) -> None:
    (ignored,) = load(repository=repository('"a\\e[2J": 1')).ignored
    assert "\x1b" not in ignored


def test_a_profile_is_a_name_and_never_a_path(repository: Callable[[str], Path]) -> None:
    with pytest.raises(UsageFault, match=r"sandbox\.profile"):
        load(repository=repository("sandbox: {profile: ../../secret}"))


@pytest.mark.parametrize(
    ("assignment", "read"),
    [
        ("sandbox.network=off", lambda s: s.sandbox.network == "off"),
        ("tests.commands=pytest -k 'a: b'", lambda s: s.tests.commands == ("pytest -k 'a: b'",)),
        ("tests.commands=[make a, make b]", lambda s: s.tests.commands == ("make a", "make b")),
        ("tests.commands=", lambda s: s.tests.commands == ()),
        ("sandbox.image=python:3.12", lambda s: s.sandbox.image == "python:3.12"),
        ("sandbox.image=null", lambda s: s.sandbox.image is None),
        ("limits.max_cost_usd=0.5", lambda s: s.limits.max_cost_usd == 0.5),
        ("model=openai/a=b", lambda s: s.model == "openai/a=b"),
    ],
)
def test_an_assignments_text_is_read_as_its_setting_is(
    assignment: str, read: Callable[[Settings], bool]
) -> None:
    assert read(load(assignments=[assignment]).settings)


@pytest.mark.parametrize(
    ("assignment", "message", "next_step"),
    [
        ("limits.max_step=3", "no setting 'limits.max_step'", "limits.max_steps"),
        ("max_steps=3", "no setting", "limits.max_steps"),
        ("sandbox=docker", "is a section", "sandbox.NAME"),
        ("limits.max_steps", "has no '='", "KEY=VALUE"),
        ("limits.max_steps=many", "limits.max_steps cannot be 'many'", "config show"),
        ("limits.max_steps=0", "limits.max_steps cannot be 0", "config show"),
        ("limits.max_cost_usd=.nan", "limits.max_cost_usd", "config show"),
        ("sandbox.image=--privileged", "sandbox.image cannot be '--privileged'", "config show"),
        ("sandbox.kind=podman", "sandbox.kind cannot be 'podman'", "config show"),
        ("sandbox.network=allow:", "sandbox.network", "config show"),
        ("limits.max_steps=[1", "not valid YAML", "Correct"),
    ],
)
def test_what_is_wrong_is_named_with_its_next_step(
    assignment: str, message: str, next_step: str
) -> None:
    with pytest.raises(UsageFault) as raised:
        load(assignments=[assignment])
    assert message in raised.value.message
    assert next_step in raised.value.next_step


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x [1]\nb: *x\n", "aliases"),
        ("model: a\nmodel: b\n", "there twice"),
        ("a: {<<: {b: 1}}", "plain text"),
        ("- 1\n", "does not hold a mapping"),
        ("model: [", "not valid YAML"),
        ("model: " + "[" * 5000, "not valid YAML"),
        ("model: !!python/object/apply:os.getcwd []", "not valid YAML"),
        ("limits: 3", "limits is a section"),
        ("limits: {steps: 3}", "no setting 'limits.steps'"),
        ("#" * 300_000, "larger than"),
    ],
    ids=lambda text: text[:20],
)
def test_a_settings_file_that_is_not_plain_is_refused(home: Path, text: str, message: str) -> None:
    (home / "config.yaml").write_text(text)
    with pytest.raises(UsageFault, match=message) as raised:
        load()
    assert "config.yaml" in raised.value.message


def test_an_unquoted_off_stays_a_word(home: Path) -> None:
    (home / "config.yaml").write_text("sandbox: {network: off}")
    assert load().settings.sandbox.network == "off"


def test_a_missing_preset_is_answered_with_near_names() -> None:
    with pytest.raises(UsageFault) as raised:
        load(["defalt"])
    assert "default" in raised.value.next_step


def test_a_missing_file_is_named() -> None:
    with pytest.raises(UsageFault, match=r"nowhere/x\.yaml cannot be read"):
        load(["nowhere/x.yaml"])


@pytest.mark.parametrize("name", sorted(preset_files()))
def test_every_preset_that_we_ship_loads(name: str) -> None:
    load([name])


def test_no_section_has_more_than_twelve_settings_and_each_is_documented() -> None:
    sections: list[type[Section]] = [Settings]
    sections += [
        field.annotation
        for field in Settings.model_fields.values()
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
    ]
    assert all(len(section.model_fields) <= 12 for section in sections)
    source = Path(__file__).resolve().parents[2] / "swe_agent" / "settings" / "schema.py"
    lines = source.read_text().splitlines()
    for key in known_keys():
        name = key.rpartition(".")[2]
        starts = [at for at, line in enumerate(lines) if line.startswith(f"    {name}: ")]
        assert any('"""' in "".join(lines[at + 1 : at + 18]) for at in starts), key


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("setup,allow:Files.test:443", "setup,allow:Files.test:443"),
        (["setup", "allow:files.test:443"], "setup,allow:files.test:443"),
        ("allow:[2001:DB8::1]:443", "allow:[2001:DB8::1]:443"),
    ],
)
def test_a_network_policy_may_have_several_words(given: object, meant: str) -> None:
    assert load(overrides={"sandbox.network": given}).settings.sandbox.network == meant


@pytest.mark.parametrize(
    "given",
    [
        *("", "allow:", "allow:a.test", "allow:*.test:443", "allow:a.test:0", "allow:a.test:65536"),
        *("on,allow:a.test:1", "off,setup", "allow:a\0b:443", "allow:a.test:443,", "allow:a b:1"),
        *("allow:http://a.test:443", "allow:[::1:443", "allow:u@a.test:1", "everything"),
    ],
)
def test_a_network_policy_that_is_none_is_refused(given: str) -> None:
    with pytest.raises(UsageFault, match=r"sandbox\.network cannot be"):
        load(overrides={"sandbox.network": given})


def test_an_empty_list_allows_nothing_rather_than_all() -> None:
    with pytest.raises(UsageFault, match=r"sandbox\.network"):
        load(overrides={"sandbox.network": []})
