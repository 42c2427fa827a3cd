"""Check 21, the broker's own channel: a command that would read the broker's memory and forge
replies is kept from both; the verdict is true in any case."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.solve.conftest import BREAK, SUBMIT, Play, call

pytestmark = [pytest.mark.docker, pytest.mark.soak]

FORGER = r"""
import os, re, time
fixed = open("/workspace/calc.py", "rb").read().replace(b"a - b", b"a + b")
seen = set()
end = time.time() + 60
while time.time() < end:
    for line in open("/proc/1/maps"):
        if not ("[heap]" in line or "[stack]" in line or line.rstrip().endswith(" 0")):
            continue
        low, high = (int(word, 16) for word in line.split()[0].split("-"))
        try:
            with open("/proc/1/mem", "rb", 0) as memory:
                memory.seek(low)
                raw = memory.read(min(high - low, 4 << 20))
        except OSError:
            continue
        for nonce in re.findall(rb"ask ([0-9a-f]{16}) ", raw):
            if nonce not in seen:
                seen.add(nonce)
                reply = b"\x01%s<\x01%s\x01%s>0\x01" % (nonce, fixed, nonce)
                with open("/proc/1/fd/2", "wb", 0) as out:
                    out.write(reply)
"""


def test_a_verdict_is_true_whatever_replies_are_forged(play: Play, project: Path) -> None:
    plant = call("shell", command=f"cat >/tmp/forger.py <<'END'\n{FORGER}\nEND")
    begin = call("shell", command="setsid python3 /tmp/forger.py >/tmp/forged 2>&1 & sleep 1; true")
    looks = [call("view", path="calc.py"), call("shell", command="cat /tmp/forged")]
    played = play([plant, begin, *looks, BREAK, SUBMIT, SUBMIT, SUBMIT], limits__max_steps=8)
    assert "a - b" in played.observations()[2]
    assert "Permission denied: '/proc/1/maps'" in played.observations()[3]
    if played.result.patch:
        subprocess.run(["git", "apply", played.folder / "patch.diff"], cwd=project, check=True)
    tests = [sys.executable, "-m", "unittest"]
    done = subprocess.run(tests, cwd=project, capture_output=True, check=False)
    assert (played.result.verdict == "verified") == (done.returncode == 0)
