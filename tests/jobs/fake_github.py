"""A GitHub of one repository: issues, comments, pulls, runs; branches are the bare one's."""

from pathlib import Path
from typing import Any

from tests.jobs.forge_server import Answer, ForgeServer

BOT = "github-actions[bot]"
REPOSITORY = "octo/calc"


class FakeGitHub(ForgeServer):
    """As much of GitHub as the bot speaks to."""

    def __init__(self, bare: Path) -> None:
        super().__init__(bare, REPOSITORY, "/api/v3")
        self.permissions = {"alice": "admin", "bob": "write"}
        self.issues: dict[int, dict[str, Any]] = {}
        self.comments: dict[int, dict[str, Any]] = {}
        self.pulls: dict[int, dict[str, Any]] = {}
        self.timeline: dict[int, list[dict[str, Any]]] = {}
        self.remarks: dict[int, list[dict[str, Any]]] = {}
        self.jobs: dict[int, list[dict[str, Any]]] = {}
        self.logs: dict[int, str] = {}
        self.cancelled: list[int] = []
        self._next = 100
        root = f"/repos/{REPOSITORY}"
        self.routes = [
            ("GET", "/user", self._nobody),
            ("GET", root, self._repository),
            ("GET", rf"{root}/collaborators/([^/]+)/permission", self._permission),
            ("GET", rf"{root}/git/ref/heads/(.+)", self._ref),
            ("GET", rf"{root}/issues/(\d+)", self._issue),
            ("GET", rf"{root}/issues/(\d+)/comments", self._listed),
            ("POST", rf"{root}/issues/(\d+)/comments", self._commented),
            ("PATCH", rf"{root}/issues/comments/(\d+)", self._edited),
            ("DELETE", rf"{root}/issues/comments/(\d+)", self._deleted),
            ("GET", rf"{root}/issues/(\d+)/timeline", self._timeline),
            ("POST", rf"{root}/issues/(\d+)/labels", self._labelled),
            ("GET", rf"{root}/pulls", self._pulls),
            ("POST", rf"{root}/pulls", self._opened),
            ("GET", rf"{root}/pulls/(\d+)", self._pull),
            ("PATCH", rf"{root}/pulls/(\d+)", self._pull_edited),
            ("GET", rf"{root}/pulls/(\d+)/reviews/(\d+)/comments", self._remarks),
            ("GET", rf"{root}/actions/runs/(\d+)/jobs", self._jobs),
            ("GET", rf"{root}/actions/jobs/(\d+)/logs", self._log),
            ("POST", rf"{root}/actions/runs/(\d+)/cancel", self._cancel),
        ]

    def add_issue(self, number: int, **fields: Any) -> None:
        self.issues[number] = {"number": number, "state": "open", "locked": False, **fields}

    def add_comment(self, issue: int, author: str, body: str) -> int:
        self._next += 1
        made = {"id": self._next, "issue": issue, "user": {"login": author}, "body": body}
        self.comments[self._next] = made
        return self._next

    def add_pull(self, number: int, branch: str, author: str = BOT, repository: str = REPOSITORY):
        self.pulls[number] = {
            "number": number,
            "title": "an earlier draft",
            "body": "",
            "state": "open",
            "draft": True,
            "user": {"login": author},
            "head": {"ref": branch, "repo": {"full_name": repository}},
            "base": {"ref": "main"},
        }
        self.add_issue(number, title="an earlier draft", body="", assignees=[])

    def sticky(self, issue: int) -> str:
        """The text of our one comment in a thread."""
        (found,) = [c for c in self.comments.values() if c["issue"] == issue and _is_ours(c)]
        return str(found["body"])

    def _nobody(self, **_: Any) -> Answer:
        """A workflow's token is told no user."""
        return 403, {"message": "Resource not accessible by integration"}

    def _repository(self, **_: Any) -> Answer:
        return 200, {"full_name": REPOSITORY, "default_branch": "main"}

    def _permission(self, login: str, **_: Any) -> Answer:
        if login not in self.permissions:
            return 404, {"message": f"{login} is not a user"}
        return 200, {"permission": self.permissions[login]}

    def _ref(self, branch: str, **_: Any) -> Answer:
        sha = self.tip(branch)
        return (200, {"object": {"sha": sha}}) if sha else (404, {"message": "Not Found"})

    def _issue(self, number: str, **_: Any) -> Answer:
        found = self.issues.get(int(number))
        return (200, found) if found else (404, {"message": "Not Found"})

    def _listed(self, number: str, query: dict[str, str], **_: Any) -> Answer:
        found = [c for c in self.comments.values() if c["issue"] == int(number)]
        size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
        return 200, found[(page - 1) * size : page * size]

    def _commented(self, number: str, body: dict[str, str], **_: Any) -> Answer:
        made = self.add_comment(int(number), BOT, body["body"])
        return 201, self.comments[made]

    def _edited(self, comment: str, body: dict[str, str], **_: Any) -> Answer:
        if int(comment) not in self.comments:
            return 404, {"message": "Not Found"}
        self.comments[int(comment)]["body"] = body["body"]
        return 200, self.comments[int(comment)]

    def _deleted(self, comment: str, **_: Any) -> Answer:
        self.comments.pop(int(comment), None)
        return 204, None

    def _timeline(self, number: str, **_: Any) -> Answer:
        return 200, self.timeline.get(int(number), [])

    def _labelled(self, number: str, body: dict[str, Any], **_: Any) -> Answer:
        labels = [{"name": name} for name in body["labels"]]
        self.issues.setdefault(int(number), {"number": int(number)})["labels"] = labels
        return 200, labels

    def _pulls(self, query: dict[str, str], **_: Any) -> Answer:
        wanted = query.get("head", "").partition(":")[2]
        return 200, [
            self._shown(pull)
            for pull in self.pulls.values()
            if pull["state"] == query.get("state", "open") and pull["head"]["ref"] == wanted
        ]

    def _opened(self, body: dict[str, Any], **_: Any) -> Answer:
        if not self.tip(body["head"]) or not self.tip(body["base"]):
            return 422, {"message": "Validation Failed", "errors": [{"field": "head"}]}
        self._next += 1
        self.add_pull(self._next, body["head"])
        self.pulls[self._next] |= {key: body[key] for key in ("title", "body", "draft")}
        return 201, self._shown(self.pulls[self._next])

    def _pull(self, number: str, **_: Any) -> Answer:
        found = self.pulls.get(int(number))
        return (200, self._shown(found)) if found else (404, {"message": "Not Found"})

    def _pull_edited(self, number: str, body: dict[str, Any], **_: Any) -> Answer:
        self.pulls[int(number)] |= body
        return 200, self._shown(self.pulls[int(number)])

    def _shown(self, pull: dict[str, Any]) -> dict[str, Any]:
        head = {**pull["head"], "sha": self.tip(pull["head"]["ref"])}
        return {**pull, "head": head, "html_url": f"{self.url}/{REPOSITORY}/pull/{pull['number']}"}

    def _remarks(self, number: str, review: str, **_: Any) -> Answer:
        return 200, self.remarks.get(int(review), [])

    def _jobs(self, run: str, **_: Any) -> Answer:
        return 200, {"jobs": self.jobs.get(int(run), [])}

    def _log(self, job: str, **_: Any) -> Answer:
        return 200, self.logs.get(int(job), "")

    def _cancel(self, run: str, **_: Any) -> Answer:
        self.cancelled.append(int(run))
        return 202, {}


def _is_ours(comment: dict[str, Any]) -> bool:
    return comment["user"]["login"] == BOT and "<!-- swe-agent {" in comment["body"]
