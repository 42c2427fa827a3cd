"""What is ours on this machine, as rows of a table and as JSON."""

from pydantic import JsonValue

from swe_agent.cli.wording import age_of
from swe_agent.runtime.housekeeping import Ours
from swe_agent.runtime.kept import Kept


def rows(ours: Ours) -> list[tuple[str, ...]]:
    """Rows of a table: images, then containers."""
    found: list[tuple[str, ...]] = [
        (
            one.kind,
            one.name,
            f"{one.size_bytes / 1e6:.0f} MB",
            age_of(one.age_s),
            "in use" if one.in_use else "",
        )
        for one in ours.images
    ]
    found += [
        ("container", one.name, "-", age_of(one.age_s), f"{one.state}, run {one.run_id}")
        for one in ours.containers
    ]
    return found


def kept_rows(kept: tuple[Kept, ...]) -> list[tuple[str, ...]]:
    """The same for environments that are kept for bubblewrap."""
    return [
        (
            "bubblewrap",
            one.name,
            f"{one.size_bytes / 1e6:.0f} MB",
            age_of(one.age_s),
            ("in use" if one.in_use else "") if one.is_whole else "not finished",
        )
        for one in kept
    ]


def kept_as_json(kept: tuple[Kept, ...]) -> list[JsonValue]:
    """Kept environments for programs."""
    return [
        {
            "name": one.name,
            "folder": str(one.folder),
            "size_bytes": one.size_bytes,
            "age_s": round(one.age_s, 1),
            "in_use": one.in_use,
            "whole": one.is_whole,
        }
        for one in kept
    ]


def as_json_of(ours: Ours) -> dict[str, JsonValue]:
    """Images and containers for programs."""
    return {
        "images": [
            {
                "name": one.name,
                "kind": one.kind,
                "size_bytes": one.size_bytes,
                "age_s": round(one.age_s, 1),
                "in_use": one.in_use,
            }
            for one in ours.images
        ],
        "containers": [
            {
                "name": one.name,
                "run_id": one.run_id,
                "image": one.image,
                "state": one.state,
                "age_s": round(one.age_s, 1),
                "left_over": one.is_left_over,
            }
            for one in ours.containers
        ],
    }
