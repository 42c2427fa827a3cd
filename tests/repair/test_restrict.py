"""Changes that are right in some cases only, and the conditions that they are made to hang on."""

from itertools import count
from pathlib import Path

import pytest

from swe_agent.core.messages import Turn
from swe_agent.repair.offline import OfflineModel
from swe_agent.repair.restrict import restricted
from swe_agent.repair.syntax import Code, Rewrite
from tests.repair.conversation import Conversation, written

GATE = """import re


class Gate:
    def __init__(self, locked):
        self.locked = locked

    def passes(self, ticket, guests):
        if ticket:
            fee = price(ticket)
            for guest in guests:
                if is_child(guest):
                    continue
                fee += 2
            return fee
        return 0
"""


def rewrite(old: str, new: str) -> Rewrite:
    assert GATE.count(old) == 1
    return Rewrite(GATE.index(old), GATE.index(old) + len(old), new)


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (rewrite("ticket:", "False:"), "        if ticket and not self.locked:\n"),
        (rewrite("is_child(guest):", "True:"), "if is_child(guest) or guest is None:\n"),
        (
            rewrite("                fee += 2\n", ""),
            "if ticket is not None:\n                    fee",
        ),
        (
            rewrite("            return fee\n", "            return 1\n            return fee\n"),
            "            if not guests:\n                return 1\n            return fee\n",
        ),
        (
            rewrite("price(ticket)", "price(ticket) // 2"),
            "= price(ticket) // 2 if self.locked else",
        ),
        (
            rewrite(
                "                fee += 2\n", "                break\n                fee += 2\n"
            ),
            "if is_child(ticket):\n                    break\n",
        ),
    ],
)
def test_a_change_is_made_for_some_cases(change: Rewrite, wanted: str) -> None:
    if change.text in ("False:", "True:"):
        change = Rewrite(change.start, change.end - 1, change.text[:-1])
    if change.text.endswith("return fee\n"):
        change = Rewrite(change.start, change.start, "            return 1\n")
    if change.text.endswith("fee += 2\n"):
        change = Rewrite(change.start, change.start, "                break\n")
    code = Code("gate.py", GATE)
    forms = [
        code.text[: form.start] + form.text + code.text[form.end :]
        for form in restricted(code, change)
    ]
    assert [text for text in forms if wanted in text]


def test_a_name_that_is_bound_later_is_not_asked_for() -> None:
    code = Code("gate.py", GATE)
    at = GATE.index("        if ticket:")
    forms = [form.text for form in restricted(code, Rewrite(at, at, "        return 1\n"))]
    assert forms
    assert not [text for text in forms if "fee" in text or "guest is" in text]


SHOP = {
    "shop/__init__.py": "",
    "shop/till.py": (
        "SCALE = {'small': 1, 'large': 3}\n\n\n"
        "class Rate:\n    def __init__(self, per_piece, fixed=None):\n"
        "        self.per_piece = per_piece\n        self.fixed = fixed\n\n\n"
        "class Order:\n    def __init__(self, pieces, rate, size='small'):\n"
        "        self.pieces = pieces\n        self.rate = rate\n        self.size = size\n\n\n"
        "def cost(order):\n    rate = order.rate\n    sums = []\n"
        "    for piece in order.pieces:\n        weight = piece * SCALE[order.size]\n"
        "        sums.append(weight * rate.per_piece)\n"
        "    whole = sum(sums)\n    return [whole, len(sums)]\n\n\n"
        + "".join(f"def spare_{n}(one, two):\n    return one * {n} + two\n\n\n" for n in range(50))
    ),
    "tests/test_till.py": (
        "from shop.till import Order, Rate, cost\n\n\n"
        "def test_pieces():\n    assert cost(Order([1, 2], Rate(2))) == [6, 2]\n\n\n"
        "def test_large():\n    assert cost(Order([1, 2], Rate(2), 'large')) == [18, 2]\n\n\n"
        "def test_none():\n    assert cost(Order([], Rate(2))) == [0, 0]\n\n\n"
        "def test_fixed_price():\n"
        "    assert cost(Order([1, 2], Rate(2, fixed=5))) == [0, 0]\n\n\n"
        "def test_fixed_price_of_large_ones():\n"
        "    assert cost(Order([4], Rate(3, fixed=1), 'large')) == [0, 0]\n"
    ),
}


@pytest.mark.soak
def test_a_missing_case_deep_in_a_project_is_found(tmp_path: Path) -> None:
    talk = Conversation(written(tmp_path / "r", SHOP), command="python3 -m pytest -q")
    numbers = count()
    told = talk.go_on(until=lambda call: call.name == "submit" or next(numbers) > 60)
    assert not talk.bench.run_tests(()).failed
    assert "fixed" in (talk.root / "shop/till.py").read_text().split("def cost")[1], told
    for at, message in enumerate(talk.history):
        if isinstance(message, Turn):
            prompt = type(talk.prompt())("", tuple(talk.history[:at]), talk.route.specs())
            assert OfflineModel().complete(prompt) == message
