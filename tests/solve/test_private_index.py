"""A package index that wants a login: set-up gets in, and nothing else ever holds the password."""

import base64
import http.server
import io
import threading
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import docker
import pytest
from docker.errors import DockerException

from swe_agent.core.errors import EnvironmentFault
from swe_agent.core.events import EnvironmentReady
from tests.solve.conftest import CALC, FIX, RUN, SUBMIT, Play, git

pytestmark = pytest.mark.docker

PASSWORD = "hunter2-CANARY"
WHEEL = "innerthing-1.0-py3-none-any.whl"
SETUP = (
    "python3 -m venv --system-site-packages .venv",
    ".venv/bin/python -m pip install -q innerthing",
    "mkdir -p /opt/left && echo index=$PIP_INDEX_URL >.venv/left && cp .venv/left /opt/left/one",
)


def wheel() -> bytes:
    packed = io.BytesIO()
    about = "innerthing-1.0.dist-info"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("innerthing.py", "")
        archive.writestr(
            f"{about}/METADATA", "Metadata-Version: 2.1\nName: innerthing\nVersion: 1.0\n"
        )
        archive.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{about}/RECORD", "")
    return packed.getvalue()


class Index(http.server.BaseHTTPRequestHandler):
    """One package, for whoever knows the password."""

    login = base64.b64encode(f"me:{PASSWORD}".encode()).decode()
    content = wheel()

    def do_GET(self) -> None:
        knows = self.headers.get("Authorization") == f"Basic {self.login}"
        is_file = self.path.endswith(WHEEL)
        page = f'<a href="/files/{WHEEL}">{WHEEL}</a>'.encode()
        known = is_file or self.path == "/simple/innerthing/"
        self.send_response(401 if not knows else 200 if known else 404)
        if not knows:
            self.send_header("WWW-Authenticate", 'Basic realm="packages"')
        body = self.content if is_file else page
        self.send_header("Content-Type", "application/zip" if is_file else "text/html")
        self.send_header("Content-Length", str(len(body) if knows else 0))
        self.end_headers()
        if knows:
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def index(engine: docker.DockerClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Its address, as a variable of the host and as containers reach it."""
    bridge = engine.networks.get("bridge").attrs["IPAM"]["Config"][0]["Gateway"]
    server = http.server.ThreadingHTTPServer((bridge, 0), Index)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    place = f"{bridge}:{server.server_address[1]}"
    monkeypatch.setenv("PIP_INDEX_URL", f"http://me:{PASSWORD}@{place}/simple")
    monkeypatch.setenv("PIP_TRUSTED_HOST", bridge)
    yield place
    server.shutdown()
    server.server_close()


@pytest.fixture
def project(project: Path) -> Path:
    (project / "calc.py").write_text("import innerthing\n\n\n" + CALC)
    git(project, "commit", "-q", "-a", "-m", "needs what the index alone has")
    return project


def files_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_set_up_gets_in_and_no_image_event_or_log_has_the_password(
    play: Play, engine: docker.DockerClient, index: str, tmp_path: Path
) -> None:
    played = play(
        [FIX, SUBMIT],
        sandbox__setup=SETUP,
        tests__commands=(".venv/bin/python -m unittest",),
    )
    (ready,) = played.of("environment_ready")
    assert isinstance(ready, EnvironmentReady)
    try:
        assert played.result.verdict == "verified"
        about = engine.api.inspect_image(ready.image), engine.api.history(ready.image)
        assert PASSWORD not in str(about)
        search = (
            "cat /opt/left/one .venv/left; grep -rlsF CANARY / --exclude-dir=proc --exclude-dir=sys"
        )
        said = engine.containers.run(ready.image, ["sh", "-c", f"{search}; true"], remove=True)
        assert said.decode().splitlines() == [f"index=http://me:***@{index}/simple"] * 2
    finally:
        with suppress(DockerException):
            engine.images.remove(ready.image, force=True)
    assert PASSWORD.encode() not in files_of(tmp_path / RUN)


def test_a_set_up_that_fails_shows_the_index_without_its_password(
    play: Play, index: str, tmp_path: Path
) -> None:
    shown = ("echo trying $PIP_INDEX_URL/innerthing/", "false")
    with pytest.raises(EnvironmentFault) as fault:
        play([FIX], sandbox__setup=(" && ".join(shown),))
    assert f"trying http://***@{index}/simple/innerthing/" in fault.value.message
    assert PASSWORD.encode() not in files_of(tmp_path / RUN)
