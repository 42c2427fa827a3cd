"""What a pipeline reads of a step, outputs and summary, in the files that the forge names."""

import secrets
from collections.abc import Mapping
from pathlib import Path


def add_outputs(path: Path, outputs: Mapping[str, str]) -> None:
    """Append outputs; a value of several lines cannot forge another output."""
    with path.open("a", encoding="utf-8") as stream:
        for name, value in outputs.items():
            end = f"end-{secrets.token_hex(8)}"
            stream.write(f"{name}<<{end}\n{value}\n{end}\n")


def add_dotenv(path: Path, outputs: Mapping[str, str]) -> None:
    """Append outputs as GitLab reads them: upper case, one line each."""
    with path.open("a", encoding="utf-8") as stream:
        for name, value in outputs.items():
            key = "SWE_AGENT_" + name.upper().replace("-", "_")
            line = "".join(char for char in value if char.isprintable())[:1000]
            stream.write(f"{key}={line}\n")


def add_summary(path: Path, text: str) -> None:
    """Append to the pipeline's page."""
    with path.open("a", encoding="utf-8") as stream:
        stream.write(text.rstrip() + "\n\n")
