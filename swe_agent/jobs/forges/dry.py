"""A wire that writes nothing: it shows every call, and answers writes as the forge would.

Without a token reads are not sent either; then what is known of the event stands in for answers.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import JsonValue

from swe_agent.jobs.forges.wire import Call, Wire

How = Literal["sent", "not sent", "assumed"]
Show = Callable[[Call, How], None]
Answers = Mapping[str, JsonValue]
"""Pattern of `METHOD PATH` to what is answered; the first that matches the whole wins."""

MADE_UP = 1
"""Number of whatever a dry run would have made."""


@dataclass(frozen=True, slots=True)
class DryWire:
    """Shows calls; reads go to `real` where there is one."""

    real: Wire | None
    show: Show
    answers: Answers

    def send(self, call: Call) -> JsonValue:
        if call.is_read and self.real is not None:
            self.show(call, "sent")
            return self.real.send(call)
        self.show(call, "assumed" if call.is_read else "not sent")
        line = f"{call.method} {call.path}"
        for pattern, answer in self.answers.items():
            if re.fullmatch(pattern, line):
                return _filled(answer, call)
        return [] if call.is_read else None


def _filled(answer: JsonValue, call: Call) -> JsonValue:
    """The answer with what the call itself sent: a made thing looks as it was asked for."""
    if not isinstance(answer, dict) or call.body is None:
        return answer
    return {**{key: call.body[key] for key in ("title", "body") if key in call.body}, **answer}


@dataclass(frozen=True, slots=True)
class Assumed:
    """What a dry run without a token takes for granted."""

    writes: bool
    """Whether the actor may write."""
    head: str
    """Commit of every branch that is not ours."""
    default_branch: str
    branch_prefix: str
    repository: str = ""
    change_branch: str = ""
    """The branch of the change that is asked for; empty: one of ours."""
    job_log: str = ""
    """What the failed job said."""

    @property
    def branch(self) -> str:
        return self.change_branch or f"{self.branch_prefix}issue-0"


def github_answers(assumed: Assumed) -> Answers:
    """GitHub's answers to the calls of a run, as far as they can be guessed."""
    ours = re.escape(assumed.branch_prefix)
    made: JsonValue = {"number": MADE_UP, "html_url": "(dry run)", "state": "open"}
    head: JsonValue = {
        "ref": assumed.branch,
        "sha": assumed.head,
        "repo": {"full_name": assumed.repository},
    }
    base: JsonValue = {"ref": assumed.default_branch}
    failed: JsonValue = {"id": MADE_UP, "conclusion": "failure", "name": "(a job)"}
    return {
        r"GET /user": {"login": ""},
        r"GET /repos/[^/]+/[^/]+": {"default_branch": assumed.default_branch},
        r"GET .*/collaborators/[^/]+/permission": {
            "permission": "write" if assumed.writes else "read"
        },
        rf"GET .*/git/ref/heads/{ours}.*": None,
        r"GET .*/git/ref/heads/.*": {"object": {"sha": assumed.head}},
        r"POST .*/comments": {"id": MADE_UP},
        r"POST .*/pulls": made,
        r"GET .*/pulls/\d+": {"state": "open", "head": head, "base": base},
        r"GET .*/actions/runs/\d+/jobs": {"jobs": [failed]},
        r"GET .*/actions/jobs/\d+/logs": assumed.job_log,
        r"GET .*/issues/\d+": {"title": "", "body": "", "state": "open"},
    }


def gitlab_answers(assumed: Assumed) -> Answers:
    """GitLab's answers to the calls of a run, as far as they can be guessed."""
    ours = re.escape(assumed.branch_prefix.replace("/", "%2F"))
    return {
        r"GET /user": {"username": ""},
        r"GET /projects/[^/]+": {"default_branch": assumed.default_branch},
        r"GET .*/members/all/\d+": {"access_level": 30 if assumed.writes else 10},
        rf"GET .*/repository/branches/{ours}.*": None,
        r"GET .*/repository/branches/.*": {"commit": {"id": assumed.head}},
        r"POST .*/notes": {"id": MADE_UP},
        r"GET .*/merge_requests/\d+": {
            "state": "opened",
            "source_branch": assumed.branch,
            "target_branch": assumed.default_branch,
            "sha": assumed.head,
        },
        r"GET .*/pipelines/\d+/jobs": [{"id": MADE_UP, "name": "(a job)"}],
        r"GET .*/jobs/\d+/trace": assumed.job_log,
        r"POST .*/merge_requests": {"iid": MADE_UP, "web_url": "(dry run)", "state": "opened"},
        r"GET .*/issues/\d+": {"title": "", "description": "", "state": "opened"},
    }


if TYPE_CHECKING:
    _proof: type[Wire] = DryWire
