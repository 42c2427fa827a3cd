"""`swe-agent batch`: every task of a SWE-bench-style file."""

import typer

from swe_agent.cli.batch_options import NOT_OF_RUN, BatchOptions
from swe_agent.cli.options import taking_both
from swe_agent.cli.run import RunOptions


@taking_both(BatchOptions, RunOptions, without=NOT_OF_RUN)
def batch(options: BatchOptions, run: RunOptions) -> None:
    """Solve every task of a SWE-bench-style file; the same command again goes on where it stopped.

    Nothing that grades a task reaches the agent. BATCH/preds.json is whole at every moment.
    Formats: docs/tasks.md.

    \b
    Examples:
      swe-agent batch tasks.jsonl -w 8 -m anthropic/claude-sonnet-5-5 --mirror ~/clones
      swe-agent batch verified --slice :20 -w 4 --max-total-cost 50 -o first-20
      swe-agent batch mine.yaml -m offline
      swe-agent batch tasks.jsonl -m 'scripted/scripts/{id}.jsonl'
    """
    from swe_agent.cli.batching import conduct

    raise typer.Exit(int(conduct(options, run)))
