"""A GitLab of one project: issues, merge requests, notes; branches are the bare repository's."""

from pathlib import Path
from typing import Any

from tests.jobs.forge_server import TOKEN, Answer, ForgeServer

BOT = "project_7_bot_x"
PROJECT = "group/sub/calc"


class FakeGitLab(ForgeServer):
    """As much of GitLab as the bot speaks to."""

    def __init__(self, bare: Path) -> None:
        super().__init__(bare, PROJECT, "/api/v4")
        self.members = {11: 40, 12: 30, 13: 20}
        self.issues: dict[int, dict[str, Any]] = {}
        self.merges: dict[int, dict[str, Any]] = {}
        self.related: dict[int, list[dict[str, Any]]] = {}
        self.notes: dict[int, dict[str, Any]] = {}
        self.jobs: dict[int, list[dict[str, Any]]] = {}
        self.traces: dict[int, str] = {}
        self.cancelled: list[int] = []
        self._next = 200
        root = "/projects/group%2Fsub%2Fcalc"
        place = rf"{root}/(issues|merge_requests)/(\d+)"
        self.routes = [
            ("GET", "/user", lambda **_: (200, {"id": 99, "username": BOT})),
            ("GET", root, lambda **_: (200, {"default_branch": "main"})),
            ("GET", rf"{root}/members/all/(\d+)", self._member),
            ("GET", rf"{root}/repository/branches/([^/]+)", self._branch),
            ("GET", place, self._topic),
            ("PUT", place, self._put),
            ("GET", rf"{place}/notes", self._listed),
            ("POST", rf"{place}/notes", self._noted),
            ("PUT", rf"{place}/notes/(\d+)", self._edited),
            ("DELETE", rf"{place}/notes/(\d+)", self._deleted),
            ("GET", rf"{root}/issues/(\d+)/related_merge_requests", self._related),
            ("GET", rf"{root}/merge_requests", self._found),
            ("POST", rf"{root}/merge_requests", self._opened),
            ("GET", rf"{root}/pipelines/(\d+)/jobs", self._jobs),
            ("GET", rf"{root}/jobs/(\d+)/trace", self._trace),
            ("POST", rf"{root}/pipelines/(\d+)/cancel", self._cancel),
        ]

    def add_issue(self, number: int, **fields: Any) -> None:
        self.issues[number] = {"iid": number, "state": "opened", "assignees": [], **fields}

    def add_merge(self, number: int, branch: str, source: int = 1) -> None:
        self.merges[number] = {
            "iid": number,
            "title": "Draft: an earlier draft",
            "state": "opened",
            "author": {"username": BOT},
            "source_branch": branch,
            "target_branch": "main",
            "source_project_id": source,
            "target_project_id": 1,
        }

    def sticky(self, kind: str, number: int) -> str:
        """The text of our one note in a thread."""
        (found,) = [
            note
            for note in self.notes.values()
            if note["at"] == (kind, number) and "<!-- swe-agent {" in note["body"]
        ]
        return str(found["body"])

    def _member(self, user: str, **_: Any) -> Answer:
        level = self.members.get(int(user))
        return (200, {"access_level": level}) if level else (404, {"message": "404 Not found"})

    def _branch(self, name: str, **_: Any) -> Answer:
        sha = self.tip(name)
        return (200, {"commit": {"id": sha}}) if sha else (404, {"message": "404 Branch Not Found"})

    def _kept(self, kind: str) -> dict[int, dict[str, Any]]:
        return self.issues if kind == "issues" else self.merges

    def _topic(self, kind: str, number: str, **_: Any) -> Answer:
        found = self._kept(kind).get(int(number))
        return (200, self._shown(found)) if found else (404, {"message": "404 Not found"})

    def _put(self, kind: str, number: str, body: dict[str, Any], **_: Any) -> Answer:
        self._kept(kind)[int(number)] |= body
        return 200, self._shown(self._kept(kind)[int(number)])

    def _listed(self, kind: str, number: str, query: dict[str, str], **_: Any) -> Answer:
        assert query["sort"] == "asc"
        return 200, [n for n in self.notes.values() if n["at"] == (kind, int(number))]

    def _noted(self, kind: str, number: str, body: dict[str, str], **_: Any) -> Answer:
        self._next += 1
        made = {"id": self._next, "at": (kind, int(number)), "author": {"username": BOT}, **body}
        self.notes[self._next] = made
        return 201, made

    def _edited(self, kind: str, number: str, note: str, body: dict[str, str], **_: Any) -> Answer:
        self.notes[int(note)] |= body
        return 200, self.notes[int(note)]

    def _deleted(self, kind: str, number: str, note: str, **_: Any) -> Answer:
        self.notes.pop(int(note), None)
        return 204, None

    def _related(self, number: str, **_: Any) -> Answer:
        return 200, self.related.get(int(number), [])

    def _found(self, query: dict[str, str], **_: Any) -> Answer:
        wanted = query["source_branch"]
        return 200, [
            self._shown(merge)
            for merge in self.merges.values()
            if merge["source_branch"] == wanted and merge["state"] == query["state"]
        ]

    def _opened(self, body: dict[str, Any], **_: Any) -> Answer:
        if not self.tip(body["source_branch"]):
            return 409, {"message": ["source branch does not exist"]}
        self._next += 1
        self.add_merge(self._next, body["source_branch"])
        self.merges[self._next] |= body
        return 201, self._shown(self.merges[self._next])

    def _shown(self, thing: dict[str, Any]) -> dict[str, Any]:
        if "source_branch" not in thing:
            return thing
        url = f"{self.url}/{PROJECT}/-/merge_requests/{thing['iid']}"
        return {**thing, "sha": self.tip(thing["source_branch"]), "web_url": url}

    def _jobs(self, run: str, query: dict[str, str], **_: Any) -> Answer:
        assert query["scope[]"] == "failed"
        return 200, self.jobs.get(int(run), [])

    def _trace(self, job: str, **_: Any) -> Answer:
        return 200, self.traces.get(int(job), "")

    def _cancel(self, run: str, **_: Any) -> Answer:
        self.cancelled.append(int(run))
        return 201, {}


def runner(server: FakeGitLab) -> dict[str, str]:
    """What GitLab CI would set in a triggered pipeline."""
    return {
        "CI_PROJECT_PATH": PROJECT,
        "CI_SERVER_URL": server.url,
        "CI_PIPELINE_ID": "555",
        "CI_PIPELINE_SOURCE": "trigger",
        "CI_PIPELINE_URL": f"{server.url}/{PROJECT}/-/pipelines/555",
        "GITLAB_TOKEN": TOKEN,
    }
