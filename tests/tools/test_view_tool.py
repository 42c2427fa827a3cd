"""`view`: windows with numbers, and listings."""

import json
import struct

import pytest

from swe_agent.aci.tool import ToolLimits


def numbers(count: int) -> str:
    return "".join(f"line {at}\n" for at in range(1, count + 1))


def test_short_file_is_shown_whole_with_numbers(desk):
    seen = desk({"a.py": "x = 1\n\ny = 2\n"}).call("view", path="a.py")
    assert seen.text == "a.py, all 3 lines:\n1| x = 1\n2|\n3| y = 2"
    assert seen.data == {
        "path": "a.py",
        "start": 1,
        "end": 3,
        "total_lines": 3,
        "text": "x = 1\n\ny = 2\n",
    }


def test_long_file_is_shown_in_windows_and_says_how_to_see_more(desk):
    at = desk({"a.txt": numbers(250)})
    seen = at.call("view", path="a.txt")
    assert "lines 1-100 of 250" in seen.text
    assert "`start` = 101" in seen.text
    assert seen.text.endswith("100| line 100")
    assert at.call("view", path="a.txt", start=201).data["end"] == 250


def test_end_alone_shows_what_leads_up_to_it(desk):
    at = desk({"a.txt": numbers(250)})
    assert at.call("view", path="a.txt", end=-1).data["start"] == 151
    assert at.call("view", path="a.txt", end=20).data["start"] == 1


def test_at_most_a_thousand_lines_are_shown(desk):
    at = desk({"a.txt": "x\n" * 3000})
    seen = at.call("view", path="a.txt", start=1, end=3000)
    assert seen.data["end"] == 1000


def test_window_stops_where_the_observation_would_be_too_long(desk):
    at = desk({"a.txt": numbers(900)}, ToolLimits(output_chars=1000))
    seen = at.call("view", path="a.txt", start=1, end=900)
    assert len(seen.text) <= 1000
    assert seen.data["end"] < 100
    assert f"`start` = {seen.data['end'] + 1}" in seen.text
    assert seen.data["text"].endswith(f"line {seen.data['end']}\n")


def test_range_beyond_the_file_says_its_length(desk):
    seen = desk({"a.txt": numbers(3)}).call("view", path="a.txt", start=9)
    assert (seen.outcome, seen.data["reason"]) == ("failed", "range")
    assert "3 lines" in seen.text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "a.txt is empty (0 lines)."),
        (b"a\r\nb\r\n", "a.txt, all 2 lines; line ends are CRLF:\n1| a\n2| b"),
        (b"a\r\nb\n", "a.txt, all 2 lines:\n1| a<CR>\n2| b"),
        (b"\xff\n", "a.txt, all 1 lines:\n1| \\xff"),
        ("日本\u2028x\n".encode(), "a.txt, all 1 lines:\n1| 日本\u2028x"),
        (b"y" * 700, f"a.txt, all 1 lines:\n1| {'y' * 500}[... 200 more characters]"),
    ],
    ids=["empty", "crlf", "mixed", "not-utf8", "unicode", "long"],
)
def test_odd_content_is_shown_and_said(desk, content, said):
    assert desk({"a.txt": content}).call("view", path="a.txt").text == said


def test_binary_file_is_said_not_shown(desk):
    seen = desk({"a.bin": b"\x7fELF\0\0"}).call("view", path="a.bin")
    assert (seen.outcome, seen.data["reason"]) == ("failed", "binary")


def test_folder_is_listed_two_levels_deep(desk):
    at = desk({"a.py": "", "src/b.py": "", "src/deep/c.py": "", "src/deep/x/d.py": ""})
    seen = at.call("view", path=".")
    assert seen.text.split("\n")[1:] == ["a.py", "src/b.py", "src/deep/ (2 files)"]
    assert at.call("view", path="src/").text.split("\n")[1:] == [
        "b.py",
        "deep/c.py",
        "deep/x/ (1 file)",
    ]


def test_missing_file_is_a_failure(desk):
    assert desk({"a.py": ""}).call("view", path="b.py").outcome == "failed"


@pytest.mark.parametrize("path", ["../etc/passwd", "/etc/passwd", "a/../../b"])
def test_path_outside_the_repository_is_refused(desk, path):
    assert desk({"a.py": ""}).call("view", path=path).outcome == "refused"


def test_odd_names_can_be_viewed(desk):
    names = ["-n", "a b.py", 'it\'s "x".py', "ünï.py", "$(touch x).py", "*.py"]
    at = desk(dict.fromkeys(names, "ok\n"))
    for name in names:
        assert at.call("view", path=name).data["text"] == "ok\n", name


def test_data_is_json(desk):
    seen = desk({"a.txt": b"\xff\xfe\n"}).call("view", path="a.txt")
    assert json.loads(seen.model_dump_json())["data"]["text"] == "\\xff\\xfe\n"


def png(width: int, height: int) -> bytes:
    size = struct.pack(">II", width, height)
    return b"\x89PNG\r\n\x1a\n" + b"\0\0\0\x0dIHDR" + size + bytes(20)


def test_a_picture_is_shown_as_such(desk):
    seen = desk({"plot.png": png(640, 480)}).call("view", path="plot.png")
    assert seen.text.startswith("plot.png is a picture: image/png, 640 x 480 pixels, ")
    (image,) = seen.images
    assert (image.media_type, image.width, image.height) == ("image/png", 640, 480)


def test_what_is_cut_off_in_its_header_is_binary(desk):
    seen = desk({"plot.png": png(640, 480)[:18]}).call("view", path="plot.png")
    assert (seen.outcome, seen.images) == ("failed", ())
