"""The tool `jobs`: commands that go on in the background, started, listed, read and stopped on
purpose."""

from shlex import quote

from pydantic import Field, JsonValue

from swe_agent.aci.elide import head_and_tail
from swe_agent.aci.terminal import wants_terminal
from swe_agent.aci.tool import Failed, ToolArguments, ToolOutput, Workbench
from swe_agent.core.text import decoded

FOLDER = "/tmp/swe-agent-jobs"
CALL_TIMEOUT_S = 20.0
SHOWN_CHARS = 6_000
READ_BYTES = 50_000

_START = """mkdir -p {folder} && (
  new=$(command -v setsid) || new=
  $new sh -c {script} </dev/null >{log} 2>&1 &
  echo $! >{pid}
)"""
_STATE = """if [ -f {exit} ]; then echo "ended with exit code $(cat {exit})"
elif kill -0 "$(cat {pid} 2>/dev/null)" 2>/dev/null; then echo running
else echo gone; fi"""
_STOP = """id=$(cat {pid} 2>/dev/null) || exit 0
for signal in TERM KILL; do
  kill -s $signal -- -"$id" 2>/dev/null || kill -s $signal "$id" 2>/dev/null
  for try in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$id" 2>/dev/null || exit 0; sleep 0.1; done
done"""


class Jobs:
    """Run commands in the background: servers, watchers, long builds. `start` begins one and gives
    its id; `read` shows what it has printed so far; `stop` ends it with all its children; without
    arguments all jobs are listed.

    A job ends with the sandbox, and when a command of `shell` is stopped at its time-out.
    """

    name = "jobs"
    writes = True

    class Arguments(ToolArguments):
        start: str | None = Field(None, min_length=1, description="Command to begin.")
        read: str | None = Field(None, description="Id of the job whose output to show.")
        stop: str | None = Field(None, description="Id of the job to end.")

    def run(self, arguments: Arguments, bench: Workbench) -> ToolOutput:
        """What came of the one thing that was asked."""
        asked = [word for word in (arguments.start, arguments.read, arguments.stop) if word]
        if len(asked) > 1:
            raise Failed("Ask for one of `start`, `read`, `stop` at a time.", "arguments")
        known = _begun(bench)
        if arguments.start:
            return _start(arguments.start, f"j{len(known) + 1}", bench)
        if arguments.read:
            return _read(_checked(arguments.read, known), bench)
        if arguments.stop:
            return _stop(_checked(arguments.stop, known), bench)
        rows = [f"{job}  {_state(job, bench)}  {command}" for job, command in known.items()]
        said: JsonValue = {"jobs": list(known)}
        return ToolOutput("\n".join(rows) or "There are no jobs.", said)


def _begun(bench: Workbench) -> dict[str, str]:
    """Id to command of every job that was begun, in order: told by the calls before."""
    commands = [
        str(one.call.arguments["start"])
        for one in bench.past()
        if one.call.name == "jobs"
        and one.call.arguments.get("start")
        and one.observation.outcome == "ok"
    ]
    return {f"j{number}": command for number, command in enumerate(commands, 1)}


def _checked(job: str, known: dict[str, str]) -> str:
    if job not in known:
        raise Failed(f"There is no job {job}. There is: {', '.join(known) or 'none'}.", "unknown")
    return job


def _places(job: str) -> dict[str, str]:
    return {name: f"{FOLDER}/{job}.{name}" for name in ("log", "pid", "exit")}


def _start(command: str, job: str, bench: Workbench) -> ToolOutput:
    why = wants_terminal(command)
    if why:
        raise Failed(f"Not run: {why}", "terminal", outcome="refused")
    places = _places(job)
    script = quote(f"({command}\n); echo $? >{places['exit']}")
    code = _START.format(folder=FOLDER, script=script, **places)
    result = bench.sandbox.run(f"rm -f {places['exit']}; {code}", CALL_TIMEOUT_S)
    if result.exit_code:
        raise Failed(f"The job could not be begun: {decoded(result.output).strip()}", "start")
    return ToolOutput(f'Job {job} is running; `jobs(read="{job}")` shows its output.', {"job": job})


def _read(job: str, bench: Workbench) -> ToolOutput:
    state = _state(job, bench)
    result = bench.sandbox.run(
        f"tail -c {READ_BYTES} {_places(job)['log']} 2>/dev/null", CALL_TIMEOUT_S
    )
    body = head_and_tail(result.output, len(result.output), SHOWN_CHARS)
    text = f"Job {job}: {state}.\n{body or '(no output)'}".rstrip("\n")
    is_whole = body == decoded(result.output)
    return ToolOutput(text, {"job": job, "state": state}, None if is_whole else result.output)


def _stop(job: str, bench: Workbench) -> ToolOutput:
    bench.sandbox.run(_STOP.format(**_places(job)), CALL_TIMEOUT_S)
    state = _state(job, bench)
    if state == "running":
        raise Failed(f"Job {job} could not be stopped.", "stop")
    return ToolOutput(f"Job {job} is stopped.", {"job": job, "state": state})


def _state(job: str, bench: Workbench) -> str:
    result = bench.sandbox.run(_STATE.format(**_places(job)), CALL_TIMEOUT_S)
    return decoded(result.output).strip() or "gone"
