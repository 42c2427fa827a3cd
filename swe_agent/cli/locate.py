"""`swe-agent locate`: files and functions ranked for an issue, without a model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from swe_agent.cli.options import Issue, Json

if TYPE_CHECKING:
    from pydantic import JsonValue

    from swe_agent.index.build import Build
    from swe_agent.index.rank import Ranked


def locate(
    repo: Annotated[
        Path, typer.Argument(metavar="[REPO]", help="A repository, or any folder of source.")
    ] = Path(),
    issue: Issue = None,
    top: Annotated[
        int, typer.Option("--top", metavar="K", min=1, help="Places to show of each kind.")
    ] = 10,
    as_json: Json = False,
) -> None:
    """Rank the files and functions that an issue is about; no model needed.

    The repository is indexed on the first call; later ones read only what changed.

    \b
    Examples:
      swe-agent locate -i "gcd(0, 5) never ends"
      swe-agent locate ../project -i @issue.md --top 5
      swe-agent locate -i - --json < issue.md
    """
    from swe_agent.cli.asking import issue_text
    from swe_agent.cli.screen import print_json, say
    from swe_agent.core.errors import UsageFault
    from swe_agent.index.rank import rank

    text = issue_text(issue)
    if not text:
        raise UsageFault(
            "There is no issue to rank places for.", "Give one: `swe-agent locate -i TEXT`."
        )
    built = built_index(repo)
    if not built.corpus.by_path:
        raise UsageFault(
            f"There is no source in {repo} that a grammar reads.",
            "Python, JavaScript, TypeScript, Go, Rust, Java, C, C++, C#, PHP and Ruby are read.",
        )
    if built.left_out:
        say(f"{built.left_out} source files are not indexed: there was no time or room for them.")
    ranking = rank(built.corpus, text)
    files, functions = ranking.files[:top], ranking.functions[:top]
    if as_json:
        print_json(
            {
                "files": [_row("path", f) for f in files],
                "functions": [_row("name", f) for f in functions],
            }
        )
        return
    _show("files", files)
    _show("functions", functions)


def built_index(repo: Path) -> "Build":
    """The index of a folder, brought up to its files."""
    from swe_agent.core.errors import UsageFault
    from swe_agent.index.build import build
    from swe_agent.index.cache import Cache
    from swe_agent.index.folder import FolderTree, walked
    from swe_agent.index.record import is_source
    from swe_agent.runtime.repository import find_root, listed_files

    if not repo.is_dir():
        what = "is not a folder" if repo.exists() else "does not exist"
        raise UsageFault(f"{repo} {what}.", "Give the folder of a repository.")
    try:
        root = find_root(repo)
        paths = listed_files(root)
    except UsageFault:
        root = repo.resolve()
        paths = walked(root)
    cache = Cache(str(root))
    tree = FolderTree(root, (path for path in paths if is_source(path)), cache.stats())
    built = build(tree, cache)
    if tree.changed:
        cache.keep_stats(tree.stats)
    cache.close()
    return built


def _row(key: str, place: "Ranked") -> "dict[str, JsonValue]":
    """One place for a program; `path` and `name` are as the contract has them."""
    return {
        key: place.name,
        "score": round(place.score, 4),
        "first": place.first,
        "last": place.last,
        "reasons": list(place.reasons),
    }


def _show(title: str, places: "tuple[Ranked, ...]") -> None:
    from swe_agent.cli.screen import say
    from swe_agent.core.text import visible

    say(f"{title}:")
    for number, place in enumerate(places, 1):
        line = f":{place.first}" if title == "functions" else ""
        say(f"{number:3}. {visible(place.name)}{line}  {place.score:.2f}")
        if place.reasons:
            say(f"     {'; '.join(place.reasons)}")
