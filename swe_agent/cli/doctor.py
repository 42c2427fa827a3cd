"""`swe-agent doctor`: what works on this machine, and for each thing that does not, what to do."""

import typer

from swe_agent.cli.options import Json


def doctor(as_json: Json = False) -> None:
    """Say what works on this machine.

    Engine, image, disk, git, keys: ok, or what to do. Exit code 6 if a run cannot work.

    \b
    Examples:
      swe-agent doctor
      swe-agent doctor --json
    """
    from swe_agent.cli.checkup import check_all
    from swe_agent.cli.screen import print_json, show
    from swe_agent.cli.wording import Tone
    from swe_agent.core.errors import ExitCode

    rows = check_all()
    if as_json:
        print_json(
            [{"name": r.name, "state": r.state, "found": r.found, "do": r.todo} for r in rows]
        )
    else:
        tones: dict[str, Tone] = {"ok": "good", "warn": "warn", "fail": "bad"}
        for row in rows:
            show(f"{row.state:<5} {row.name:<14} {row.found}", tones[row.state])
            if row.todo:
                show(f"      {'':<14} {row.todo}")
    if any(row.state == "fail" for row in rows):
        raise typer.Exit(int(ExitCode.ENVIRONMENT))
