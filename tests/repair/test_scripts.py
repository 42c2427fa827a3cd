"""Another language, by its queries alone: JavaScript programs with one fault each, and their repair
through the same tools.
"""

import shutil
from pathlib import Path

import pytest

from swe_agent.repair.rank import weights_from
from swe_agent.repair.scripts import Script, is_script, proposed_by_queries
from tests.repair.conversation import Conversation, written

CASES = {
    "comparator": ("return load < limit;", "<", "<="),
    "arithmetic": ("return load + limit;", "+", "*"),
    "connective": ("return load > 8 || limit < 18;", "||", "&&"),
    "negation": ("if (load) { return 1; }", "(load)", "(!(load))"),
    "condition part": ("return load.owner === limit && load.tame;", " && load.tame", ""),
    "number": ("return 11;", "11", "12"),
    "flag": ("return sort(load, true);", "true", "false"),
    "off by one": ("return load[limit];", "load[limit]", "load[limit - 1]"),
    "variable": ("return limit - limit;", "limit - limit", "load - limit"),
    "argument order": ("return gap(load, limit);", "gap(load, limit)", "gap(limit, load)"),
    "operand order": ("return load - limit;", "load - limit", "limit - load"),
    "deletion": ("limit += 1;\n  load += 2;\n  return load;", "load += 2;", ""),
}


@pytest.mark.parametrize("template", CASES)
def test_a_query_offers_the_right_program(template: str) -> None:
    line, old, new = CASES[template]
    wrong = f"function fits(load, limit) {{\n  {line}\n}}\n"
    script = Script("lib/fits.js", wrong)
    made = {
        wrong.replace(c.edits[0].old, c.edits[0].new): c.template
        for c in proposed_by_queries({"lib/fits.js": script}, "", weights_from(""))
    }
    assert made.get(wrong.replace(old, new, 1)) == template


def test_every_candidate_parses_and_no_two_are_the_same() -> None:
    text = "const f = (a) => {\n  // Grüße\n  for (const b of a) { if (b > 1) return b; }\n};\n"
    script = Script("f.mjs", text)
    found = list(proposed_by_queries({"f.mjs": script}, "", weights_from("")))
    made = [text.replace(c.edits[0].old, c.edits[0].new) for c in found]
    assert len(set(made)) == len(made) > 5
    assert text not in made
    assert {c.function for c in found} == {"f"}


def test_a_function_that_the_failure_names_comes_first() -> None:
    text = "function a(x) { return x < 1; }\nfunction b(x) { return x < 1; }\n"
    found = proposed_by_queries({"f.js": Script("f.js", text)}, "at b (f.js:2)", weights_from(""))
    assert next(iter(found)).function == "b"


@pytest.mark.parametrize(
    "path", ["a.test.js", "test/a.js", "test.js", "node_modules/a.js", "a.css"]
)
def test_tests_and_other_files_are_left_alone(path: str) -> None:
    assert not is_script(path)


PROGRAMS = {
    "range": (
        "export function range(first, last) {\n  const found = [];\n"
        "  for (let i = first; i < last; i++) {\n    found.push(i);\n  }\n  return found;\n}\n",
        "i < last",
        "i <= last",
        "assert.deepEqual(range(2, 4), [2, 3, 4]);\nassert.deepEqual(range(3, 2), []);\n",
    ),
    "leap": (
        "export const leap = (year) =>\n"
        "  year % 4 === 0 && (year % 100 !== 0 && year % 400 === 0);\n",
        "!== 0 &&",
        "!== 0 ||",
        "assert.deepEqual([1900, 2000, 2023, 2024].map(leap), [false, true, false, true]);\n",
    ),
    "tail": (
        "export function tail(list) {\n  let last = null;\n"
        "  while (list !== null) {\n    last = list.value;\n    list = list.next;\n  }\n"
        "  return list;\n}\n",
        "return list",
        "return last",
        "assert.equal(tail({ value: 1, next: { value: 2, next: null } }), 2);\n"
        "assert.equal(tail(null), null);\n",
    ),
    "search": (
        "export function search(sorted, wanted) {\n  let low = 0;\n"
        "  let high = sorted.length - 1;\n"
        "  while (low <= high) {\n    const half = Math.floor((low + high) / 2);\n"
        "    if (sorted[half] === wanted) return half;\n"
        "    if (sorted[half] < wanted) low = half + 1;\n    else high = half - 1;\n  }\n"
        "  return 1;\n}\n",
        "return 1",
        "return -1",
        "assert.equal(search([1, 3, 5], 5), 2);\nassert.equal(search([1, 3, 5], 4), -1);\n"
        "assert.equal(search([], 4), -1);\n",
    ),
}
COMMAND = "node check.mjs"


def conversation(root: Path, name: str, text: str) -> Conversation:
    check = f"import assert from 'node:assert';\nimport {{ {name} }} from './lib/{name}.mjs';\n"
    files = {f"lib/{name}.mjs": text, "check.mjs": check + PROGRAMS[name][3]}
    return Conversation(written(root / "r", files), command=COMMAND)


@pytest.mark.soak
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_javascript_program_is_repaired_by_the_same_route(name: str, tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("needs node")
    wrong, old, new, _ = PROGRAMS[name]
    talk = conversation(tmp_path, name, wrong)
    told = talk.go_on()
    assert (talk.root / f"lib/{name}.mjs").read_text() == wrong.replace(old, new)
    assert f"Changed {name} at lib/{name}.mjs:" in told


@pytest.mark.soak
def test_a_javascript_fault_beyond_it_leaves_the_tree_as_it_was(tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("needs node")
    text = "export function tail(list) {\n  return 'x';\n}\n"
    talk = conversation(tmp_path, "tail", text)
    told = talk.go_on()
    assert "its ideas are spent" in told
    assert "tail at lib/tail.mjs:1" in told
    assert (talk.root / "lib/tail.mjs").read_text() == text
