"""The page of a run or a batch: whole, without scripts or requests, whatever the runs say."""

import json
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from swe_agent.core.errors import UsageFault
from swe_agent.core.events import Event, ModelReplied, RunStarted, ToolReturned
from swe_agent.jobs.report.page import depth_for, write_page
from tests.cli.story import record, whole

HOSTILE = (
    "\x1b]0;owned\x07\x9b31m<script>alert(1)</script></style></title></pre></details></svg>"
    "<img src=x onerror=alert(2)><!-- \u202e\u200b\"' onmouseover=alert(3) "
    "{{ 7*7 }}{% raw %} javascript:alert(4) [/foo] dict[str] &lt;"
)
ATTRIBUTES = {"href", "src", "action", "srcset", "data", "formaction", "poster", "background"}


class Page(HTMLParser):
    """What a browser would make of a page, as far as it matters here."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.raw = path.read_text("utf-8")
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(self.raw)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.attributes if key == name]


def poisoned(event: Event) -> Event:
    """The event with a hostile text in its places."""
    match event:
        case RunStarted():
            task = event.task.model_copy(update={"id": HOSTILE, "issue": HOSTILE})
            return event.model_copy(update={"task": task, "model": HOSTILE})
        case ModelReplied():
            call = event.turn.calls[0]
            told = {
                "name": HOSTILE,
                "arguments": {HOSTILE: f"{HOSTILE}\n{HOSTILE}", "n": [HOSTILE]},
            }
            turn = event.turn.model_copy(
                update={"text": HOSTILE, "calls": (call.model_copy(update=told),)}
            )
            return event.model_copy(update={"turn": turn})
        case ToolReturned():
            seen = event.observation.model_copy(update={"text": HOSTILE, "tool": HOSTILE})
            return event.model_copy(update={"observation": seen})
        case _:
            return event


@pytest.fixture
def batch(tmp_path: Path) -> Path:
    """A hostile run, a plain one, an interrupted one, one never begun, one that cannot be read."""
    folder = tmp_path / "batch"
    record(folder / "runs/hostile", [poisoned(event) for event in whole(tmp_path)])
    (folder / "runs/hostile/patch.diff").write_text(f"+++ b/x\n+{HOSTILE}\n-a\n")
    record(folder / "runs/plain", whole(tmp_path))
    record(folder / "runs/cut", whole(tmp_path)[:9])
    (folder / "runs/broken").mkdir()
    (folder / "runs/broken/events.jsonl").write_bytes(b"\xff\n")
    waiting = {"instance_id": f"waiting{HOSTILE}", "state": "waiting", "failure": HOSTILE}
    (folder / "results.json").write_text(json.dumps({"instances": [waiting]}))
    return folder


def is_harmless(page: Page) -> bool:
    """Whether nothing of it runs, asks for anything, or hides in the text."""
    names = {name for name, _ in page.attributes}
    outside = [value for name, value in page.attributes if name in ATTRIBUTES and value[:1] != "#"]
    odd = {"script", "img", "iframe", "object", "link", "base", "form", "foreignobject"}
    return (
        not odd & set(page.tags)
        and not [name for name in names if name.startswith("on")]
        and not outside
        and not {"\x1b", "\x07", "\x9b", "\u202e", "\u200b"} & set(page.raw)
    )


def test_nothing_that_a_run_says_comes_alive(batch: Path, tmp_path: Path) -> None:
    page = Page(write_page(batch, tmp_path / "page.html"))
    assert is_harmless(page)
    assert page.tags.count("style") == 1
    assert page.text.count("<script>alert(1)</script>") > 20
    assert "{{ 7*7 }}" in page.text
    assert "<U+202E>" in page.text


def test_the_page_forbids_scripts_and_requests_itself(batch: Path, tmp_path: Path) -> None:
    page = Page(write_page(batch, tmp_path / "page.html"))
    (policy,) = [value for value in page.values("content") if "default-src" in value]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    for outside in ("http:", "https:", "url(", "@import"):
        assert outside not in page.raw.replace("http-equiv", "").lower()


def test_every_link_has_its_place_and_every_place_its_own_name(batch: Path, tmp_path: Path) -> None:
    page = Page(write_page(batch, tmp_path / "page.html"))
    places = page.values("id")
    assert len(places) == len(set(places))
    links = set(page.values("href"))
    assert len(links) > 8
    assert {link.removeprefix("#") for link in links} <= set(places)


def test_a_batch_shows_all_its_instances(batch: Path, tmp_path: Path) -> None:
    page = Page(write_page(batch, tmp_path / "page.html"))
    for said in ("hostile", "plain", "cut", "broken", "waiting", "unreadable", "unfinished"):
        assert said in page.text
    assert "2 of 5" in page.text
    assert page.values("aria-label").count("resolved over cost") == 1


def test_a_single_run_shows_its_steps_and_its_patch(batch: Path, tmp_path: Path) -> None:
    page = Page(write_page(batch / "runs/hostile", tmp_path / "page.html"))
    assert is_harmless(page)
    assert {"i1s1", "i1s2", "i1s3", "i1s4"} <= set(page.values("id"))
    assert "plus" in page.values("class")
    assert "rolled back" in page.text


def test_a_torn_run_is_shown_as_far_as_it_goes(batch: Path, tmp_path: Path) -> None:
    log = batch / "runs/plain/events.jsonl"
    log.write_bytes(log.read_bytes()[:-40])
    assert "torn" in Page(write_page(batch / "runs/plain", tmp_path / "page.html")).text


def test_a_page_of_many_runs_leaves_the_texts_out(tmp_path: Path) -> None:
    assert depth_for(1).text_chars > depth_for(50).text_chars > depth_for(100).text_chars == 0
    for number in range(70):
        record(tmp_path / f"batch/runs/r{number}", whole(tmp_path))
    page = write_page(tmp_path / "batch", tmp_path / "page.html")
    assert page.stat().st_size < 1_000_000
    assert "i70s4" in Page(page).values("id")


def test_what_is_neither_run_nor_batch_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageFault):
        write_page(tmp_path, tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


@pytest.mark.soak
def test_a_browser_shows_it_and_runs_nothing(batch: Path, tmp_path: Path) -> None:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("there is no headless browser here")
    page = write_page(batch, tmp_path / "page.html")
    options = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--enable-logging=stderr",
        "--v=0",
    ]
    done = subprocess.run(
        [program, *options, "--dump-dom", f"{page.as_uri()}#i3s2"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "<img" not in done.stdout
    assert "CONSOLE" not in done.stderr
    assert 'id="i3" open' in done.stdout
