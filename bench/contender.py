"""The agents that `step.py` runs, each as a real process against the scripted endpoint."""

import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
PEER = ("mini-swe-agent", "mcp")
"""Without `mcp`, mini-swe-agent's client fails at the first call with tools."""
PEER_PRESET = "swebench.yaml"


@dataclass(frozen=True, slots=True)
class Script:
    """What the endpoint answers."""

    calls: list[dict]
    think_ms: float = 0.0
    """How long each answer takes."""
    conversations: int = 1
    """How many are held, each with all of the calls."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One process from start to exit."""

    wall_s: float
    rss_mb: float
    """Peak of the process, or of one of its children, if that was larger."""
    cpu_s: float
    """User and system time, children included; the engine's is not in it."""
    first_s: float
    """Start to the first request."""
    last_s: float
    """Last answer to exit."""
    gaps_ms: tuple[float, ...]
    """Answer to next request, from the first step on, by the endpoint's clock."""

    def overhead_ms(self, commands_ms: Sequence[float]) -> tuple[float, ...]:
        """The gaps less what each step's command took."""
        return tuple(gap - took for gap, took in zip(self.gaps_ms, commands_ms, strict=False))


def outcome_of(argv: list[str], script: Script, cwd: Path, accept: set[int]) -> Outcome:
    """Run an agent on a script; `{url}` in its words becomes the endpoint's address.

    Raises:
        SystemExit: it ended with another exit code, or did not come to the script's end.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file, tempfile.TemporaryFile() as said:
        json.dump(script.calls, file)
        file.flush()
        vendor = [sys.executable, str(HERE / "vendor.py"), file.name, str(script.think_ms)]
        vendor += ["many"] if script.conversations > 1 else []
        with subprocess.Popen(vendor, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                port = server.stdout.readline().strip()
                words = [word.replace("{url}", f"http://127.0.0.1:{port}/v1") for word in argv]
                began = time.time()
                agent = subprocess.Popen(
                    words, cwd=cwd, env=_environment(), stdout=said, stderr=said
                )
                _, status, used = os.wait4(agent.pid, 0)
                ended = time.time()
                agent.returncode = os.waitstatus_to_exitcode(status)
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as answer:
                    times = json.load(answer)
            finally:
                server.kill()
        if agent.returncode not in accept or len(times) < script.conversations * len(script.calls):
            said.seek(0)
            tail = said.read().decode(errors="replace")[-2000:]
            what = (
                f"exit {agent.returncode} after {len(times)} requests of {len(script.calls)} calls"
            )
            raise SystemExit(f"{Path(argv[0]).name}: {what}\n{tail}")
    return Outcome(
        wall_s=ended - began,
        rss_mb=used.ru_maxrss / 1024,
        cpu_s=used.ru_utime + used.ru_stime,
        first_s=times[0][0] - began,
        last_s=ended - times[-1][1],
        gaps_ms=tuple((b[0] - a[1]) * 1000 for a, b in itertools.pairwise(times)),
    )


def own_argv(repository: Path, output: Path, image: str, steps: int) -> list[str]:
    """`swe-agent run` over a real SDK."""
    program = str(Path(sys.executable).with_name("swe-agent"))
    limits = ["--max-steps", f"{steps + 10}", "--max-iterations", f"{steps}", "--max-time", "3600"]
    return [
        *(program, "run", str(repository), "-i", "The number in number.py has to be 30."),
        *("-m", "openai/scripted", "--base-url", "{url}", "--image", image, "-q"),
        *("--test", "sh check.sh", "-o", str(output), "--max-cost", "1000", *limits),
    ]


def own_commands_ms(run_folder: Path) -> list[float]:
    """What each step's command took, by the run's own log."""
    took: dict[int, float] = {}
    for line in (run_folder / "events.jsonl").read_text().splitlines():
        event = json.loads(line)
        if event["type"] == "tool_returned":
            took[event["step"]] = took.get(event["step"], 0.0) + event["duration_s"] * 1000
    return [took.get(step, 0.0) for step in range(1, max(took) + 1)]


def peer_commands_ms(trajectory: Path) -> list[float]:
    """The same by the times that mini-swe-agent gives its messages."""
    replied, took = 0.0, []
    for message in json.loads(trajectory.read_text())["messages"]:
        at = message.get("extra", {}).get("timestamp")
        if at and message["role"] == "assistant":
            replied = at
        elif at and message["role"] == "tool":
            took.append((at - replied) * 1000)
    return took


def peer_program(folder: Path) -> Path | None:
    """mini-swe-agent in a virtual environment in `folder`, made if it is not there; None where it
    cannot be installed.
    """
    program = folder / "bin" / "mini"
    if program.exists():
        return program
    try:
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=120)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", *PEER]
        subprocess.run(pip, check=True, timeout=900, stdout=sys.stderr)
    except (subprocess.SubprocessError, OSError) as fault:
        print(f"mini-swe-agent cannot be installed ({fault}): no peer is measured", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        return None
    return program


def peer_argv(program: Path, output: Path, image: str, steps: int) -> list[str]:
    """`mini` over its own client, in Docker."""
    settings = (
        "model.model_kwargs.api_base={url}",
        "model.model_kwargs.api_key=x",
        f"environment.image={image}",
        "environment.cwd=/tmp",
        'environment.interpreter=["bash","-c"]',
        'environment.run_args=["--rm","--network","none"]',
        f"agent.step_limit={steps + 10}",
    )
    words = [word for setting in settings for word in ("-c", setting)]
    return [
        *(str(program), "-y", "--exit-immediately", "-t", "Fix it.", "-m", "openai/scripted"),
        *("-o", str(output), "-c", PEER_PRESET, *words, "--environment-class", "docker"),
    ]


def _environment() -> dict[str, str]:
    # An installed program has its byte code; without this each run would compile every module.
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return kept | {
        "OPENAI_API_KEY": "x",
        "MSWEA_CONFIGURED": "true",
        "MSWEA_SILENT_STARTUP": "1",
        "MSWEA_COST_TRACKING": "ignore_errors",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
