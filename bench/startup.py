"""How long `swe-agent --help` takes, beside Python's own start, measured in turns.

Keys: `help_s` (at most 0.3 is promised), `python_s` (an interpreter that does nothing), `ratio`.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

PROMISED_S = 0.3


def seconds(command: list[str]) -> float:
    """Wall time of one run."""
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


def measured(rounds: int) -> dict[str, float]:
    """Medians of so many rounds; each round takes both in turn."""
    command = [str(Path(sys.executable).with_name("swe-agent")), "--help"]
    python = [sys.executable, "-c", "pass"]
    seconds(command), seconds(python)  # compiles, warms the disk cache
    pairs = [(seconds(command), seconds(python)) for _ in range(rounds)]
    help_s, python_s = (statistics.median(column) for column in zip(*pairs, strict=True))
    return {"help_s": help_s, "python_s": python_s, "ratio": help_s / python_s}


def main() -> None:
    """Print a table, or with --json one object on stdout."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--rounds", type=int, default=9, help="at least 5 for a fair median")
    options = parser.parse_args()
    found = measured(options.rounds)
    if options.json:
        print(json.dumps({key: round(value, 4) for key, value in found.items()}))
        return
    print(f"{'help_s':<10} {found['help_s']:.3f}   promised: at most {PROMISED_S}")
    print(f"{'python_s':<10} {found['python_s']:.3f}   the floor")
    print(f"{'ratio':<10} {found['ratio']:.1f}")


if __name__ == "__main__":
    main()
