"""Keys in a real keyring: the `keyring` package with a backend that keeps them in a file.

It runs where both are installed: pip install keyring keyrings.alt
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.soak
BACKEND = "keyrings.alt.file.PlaintextKeyring"
KEY = "sk-in-the-ring-0123456"


@pytest.fixture(autouse=True)
def _installed() -> None:
    if importlib.util.find_spec("keyring") is None or importlib.util.find_spec("keyrings") is None:
        pytest.skip("NO KEYRING WAS TESTED: pip install keyring keyrings.alt")


def program(code: str, home: Path, backend: str = BACKEND) -> str:
    """What a program prints whose keyring lies in a folder of its own."""
    own = {"XDG_DATA_HOME": str(home), "HOME": str(home), "PYTHON_KEYRING_BACKEND": backend}
    own["SWE_AGENT_CONFIG_HOME"] = str(home / "config")
    clean = {name: value for name, value in os.environ.items() if "API_KEY" not in name}
    done = subprocess.run(
        [sys.executable, "-c", code], env=clean | own, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


READ = "from swe_agent.settings.keys import *; print(api_keys('openai'), known_secrets())"
WRITE = f"import keyring; keyring.set_password('swe-agent', 'openai', '{KEY}, sk-two-0123456')"


def test_a_key_in_the_keyring_is_found_and_is_a_known_secret(tmp_path: Path) -> None:
    program(WRITE, tmp_path)
    both = f"('{KEY}', 'sk-two-0123456')"
    assert program(READ, tmp_path) == f"{both} {both}"


def test_the_environment_and_the_file_go_before_it(tmp_path: Path) -> None:
    program(WRITE, tmp_path)
    kept = f"from swe_agent.settings.keys import *; keep_key('openai', 'sk-kept'); {READ}"
    assert program(kept, tmp_path).startswith("('sk-kept',)")


def test_a_keyring_that_does_not_work_gives_nothing(tmp_path: Path) -> None:
    assert program(READ, tmp_path, "keyring.backends.fail.Keyring") == "() ()"
