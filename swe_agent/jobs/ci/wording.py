"""What the bot says on the forge: templates of `configs/ci/`, with every foreign text defanged."""

from swe_agent.jobs.ci.artifact import Answer
from swe_agent.jobs.ci.cleaning import code, fenced, one_line
from swe_agent.jobs.ci.plan import Plan
from swe_agent.settings.content import content_path
from swe_agent.settings.prompts import rendered

SHOWN_TESTS = 15
SHOWN_PLACES = 8
LONGEST_BODY_CHARS = 20_000
"""Both forges take more; nobody reads it."""


def working_comment(plan: Plan) -> str:
    """The comment while the work goes on."""
    return _said("working", **_of_plan(plan))


def stopped_comment(actor: str) -> str:
    """The comment after a person said stop."""
    return _said("stopped", actor=code(actor))


def ended_comment(plan: Plan, answer: Answer, link: str = "", run_url: str = "") -> str:
    """The comment at the end; `link` is the draft's address."""
    return _said("ended", **_of_plan(plan), **_of_answer(answer), link=link, run_url=run_url)


def failed_comment(plan: Plan, why: str, paths: tuple[str, ...] = (), run_url: str = "") -> str:
    """The comment where publishing was refused or failed; nothing is out then."""
    return _said(
        "failed",
        **_of_plan(plan),
        why=one_line(why, 600),
        paths=[code(path) for path in paths[:50]],
        more=max(0, len(paths) - 50),
        run_url=run_url,
    )


def change_title(plan: Plan) -> str:
    """The draft's title."""
    return one_line(plan.title, 100)


def change_body(plan: Plan, answer: Answer, run_url: str = "") -> str:
    """The draft's text."""
    return _said("change", **_of_plan(plan), **_of_answer(answer), run_url=run_url)


def commit_message(plan: Plan, answer: Answer) -> str:
    """The commit's message."""
    return _said("commit", **_of_plan(plan), **_of_answer(answer)) + "\n"


def step_summary(plan: Plan, answer: Answer, link: str = "") -> str:
    """The pipeline's own page."""
    return _said("summary", **_of_plan(plan), **_of_answer(answer), link=link)


def _said(name: str, **values: object) -> str:
    return rendered(content_path("configs", f"ci/{name}.j2"), values)[:LONGEST_BODY_CHARS]


def _of_plan(plan: Plan) -> dict[str, object]:
    return {
        "actor": code(plan.actor),
        "title": change_title(plan),
        "work": plan.work,
        "branch": code(plan.branch),
        "base_branch": code(plan.base_branch),
        "commit": plan.start_commit[:12],
        "number": plan.thread_number,
        "run": plan.key.split(":")[1] if plan.key.startswith("run:") else "",
        "kind": plan.thread_kind or "",
        "reference": "!" if plan.forge == "gitlab" and plan.thread_kind == "change" else "#",
        "change_word": "merge request" if plan.forge == "gitlab" else "pull request",
    }


def _of_answer(answer: Answer) -> dict[str, object]:
    return {
        "conclusion": answer.conclusion,
        "reason": one_line(answer.reason, 600),
        "summary": fenced(answer.summary, 3_000) if answer.summary.strip() else "",
        "model": code(answer.model),
        "steps": answer.steps,
        "cost": f"${answer.cost_usd:.2f}",
        "tokens": f"{answer.tokens:,}",
        "minutes": f"{answer.duration_s / 60:.1f}",
        "before": answer.before,
        "after": answer.after,
        "fixed": [code(test) for test in answer.fixed[:SHOWN_TESTS]],
        "more_fixed": max(0, len(answer.fixed) - SHOWN_TESTS),
        "lost": [code(test) for test in answer.lost[:SHOWN_TESTS]],
        "changed_tests": [code(path) for path in answer.changed_tests[:SHOWN_TESTS]],
        "left_out": {
            code(path): one_line(why) for path, why in list(answer.left_out.items())[:SHOWN_TESTS]
        },
        "places": [
            {"name": code(place.name), "line": place.line, "score": f"{place.score:.2f}"}
            for place in answer.places[:SHOWN_PLACES]
        ],
        "run_id": code(answer.run_id),
    }
