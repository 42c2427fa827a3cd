"""`swe-agent`: the commands, and the one place where a failure becomes an exit code."""

import gc
import sys
from typing import Annotated, NoReturn

import typer
from typer.exceptions import TyperException

from swe_agent import __version__
from swe_agent.cli import checkpoints, ci, config, runs, sandbox, tools
from swe_agent.cli.apply import apply
from swe_agent.cli.batch import batch
from swe_agent.cli.compare import compare
from swe_agent.cli.convert import convert
from swe_agent.cli.demo import demo
from swe_agent.cli.doctor import doctor
from swe_agent.cli.eval import evaluate
from swe_agent.cli.export import export
from swe_agent.cli.inspect import inspect
from swe_agent.cli.locate import locate
from swe_agent.cli.replay import replay
from swe_agent.cli.report import report
from swe_agent.cli.resume import resume
from swe_agent.cli.run import run
from swe_agent.core.errors import ExitCode, SweAgentError

OBJECTS_BETWEEN_LOOKS = 20_000
"""Looking for circles of objects at each 700, as is usual, takes up to a tenth of a batch's time,
and next to nothing here makes any."""

app = typer.Typer(
    name="swe-agent", rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True
)
app.command()(demo)
app.command()(run)
app.command()(resume)
app.command()(apply)
app.command()(batch)
app.command()(locate)
app.command()(replay)
app.command()(inspect)
app.command("eval")(evaluate)
app.command()(compare)
app.command()(report)
app.command()(export)
app.command()(convert)
app.add_typer(ci.app, name="ci")
app.add_typer(checkpoints.app, name="checkpoints")
app.add_typer(runs.app, name="runs")
app.add_typer(tools.app, name="tools")
app.add_typer(config.app, name="config")
app.add_typer(sandbox.app, name="sandbox")
app.command()(doctor)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def swe_agent(
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="Print the version."
        ),
    ] = False,
) -> None:
    """A coding agent: an issue and a repository in, a tested patch out.

    Plan, edit, test, reflect inside a hardened sandbox. Nothing is sent anywhere but to the model
    that you choose: there is no telemetry.

    \b
    Examples:
      swe-agent demo                             no key, no network
      swe-agent doctor                           what works on this machine
      swe-agent run -i "gcd(0, 5) never ends"    solve an issue in this repository
      swe-agent apply RUN                        take the patch
      swe-agent batch tasks.jsonl -w 8           solve every task of a SWE-bench-style file
    """


def main() -> NoReturn:
    """Run the command line; the exit codes are those of `ExitCode`."""
    gc.set_threshold(OBJECTS_BETWEEN_LOOKS)
    sys.exit(_outcome())


def _outcome() -> int:
    """Run one command; this is the one place where failures end."""
    try:
        code = app(standalone_mode=False, prog_name="swe-agent")
    except SweAgentError as fault:
        from swe_agent.cli.screen import show_fault

        show_fault(fault)
        return int(fault.exit_code)
    except TyperException as fault:
        return _show_usage(fault)
    except (KeyboardInterrupt, typer.Abort):
        print("Interrupted.", file=sys.stderr)
        return int(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        return _end_quietly()
    except Exception as error:  # noqa: BLE001 - the boundary: a bug becomes a line and a log
        from swe_agent.cli.crash import record_crash

        return record_crash(error)
    return code if isinstance(code, int) else 0


def _show_usage(fault: TyperException) -> int:
    """What was wrong with the command line, as typer says it."""
    show = getattr(fault, "show", None)
    if show is not None:
        show()
    else:
        print(f"swe-agent: {fault}", file=sys.stderr)
    return int(ExitCode.USAGE)


def _end_quietly() -> int:
    """The reader of stdout went away (`| head`): nothing more can be said to it."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return int(ExitCode.INTERNAL)
