"""`swe-agent eval`: predictions graded by running the tests."""

from swe_agent.cli.eval_options import EvalOptions
from swe_agent.cli.options import taking


@taking(EvalOptions)
def evaluate(options: EvalOptions) -> None:
    """Grade predictions by the official rules: patch, test patch, tests, FAIL_TO_PASS and
    PASS_TO_PASS.

    A task is tried in its own image, else in an environment made from its set-up. The report is in
    the official format (schema version 2); logs and a report of each instance lie beside it.

    \b
    Examples:
      swe-agent eval tasks.jsonl gold --mirror ~/clones
      swe-agent eval tasks.jsonl BATCH -w 4
      swe-agent eval verified preds.json --harness swebench
    """
    from swe_agent.cli.evaluating import conduct

    conduct(options)
