"""A dry run's API calls as people read them, or one JSON object a line."""

import json
from dataclasses import dataclass

from swe_agent.cli.screen import say
from swe_agent.jobs.forges.dry import How
from swe_agent.jobs.forges.wire import Call


@dataclass(frozen=True, slots=True)
class CallsShown:
    """Where calls are shown."""

    as_json: bool = False

    def call(self, call: Call, how: How) -> None:
        """One API call: `sent`, `assumed` (no token to ask with) or `not sent` (it writes)."""
        query = "&".join(f"{key}={value}" for key, value in call.query.items())
        if self.as_json:
            body = None if call.body is None else dict(call.body)
            self.line(
                {
                    "method": call.method,
                    "path": call.path,
                    "query": dict(call.query),
                    "body": body,
                    "how": how,
                }
            )
            return
        say(f"{call.method} {call.path}{'?' + query if query else ''}   [{how}]")
        if call.body is not None:
            for row in json.dumps(dict(call.body), indent=2, ensure_ascii=False).splitlines():
                say(f"    {row}")

    def push(self, branch: str, was: str) -> None:
        """A branch that would be pushed."""
        if self.as_json:
            self.line({"git": "push", "branch": branch, "was": was, "how": "not sent"})
            return
        say(f"git push {branch}   [not sent; {'from ' + was[:12] if was else 'a new branch'}]")

    def outcome(self, word: str, **more: str) -> None:
        """How the event ended."""
        if self.as_json:
            self.line({"outcome": word, **more})

    def line(self, record: dict[str, object]) -> None:
        print(json.dumps(record), flush=True)
