"""`swe-agent locate`: files and functions ranked for an issue; a model only puts them in order."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from swe_agent.cli.options import Assignments, Issue, Json, MaxCost, Presets, taking

if TYPE_CHECKING:
    from pydantic import JsonValue

    from swe_agent.index.build import Build
    from swe_agent.index.folder import FolderTree
    from swe_agent.index.history import Change
    from swe_agent.index.rank import Ranked, Ranking
    from swe_agent.settings.load import Loaded


@dataclass(frozen=True, slots=True)
class LocateOptions:
    """The command line of `locate`."""

    repo: Annotated[
        Path, typer.Argument(metavar="[REPO]", help="A repository, or any folder of source.")
    ] = Path()
    issue: Issue = None
    top: Annotated[
        int, typer.Option("--top", metavar="K", min=1, help="Places to show of each kind.")
    ] = 10
    rerank: Annotated[
        bool, typer.Option("--rerank", help="Let a model put the first places in order: one call.")
    ] = False
    model: Annotated[
        str | None,
        typer.Option("-m", "--model", metavar="PROVIDER/NAME", help="The model of --rerank."),
    ] = None
    base_url: Annotated[
        str | None, typer.Option("--base-url", metavar="URL", help="Its endpoint.")
    ] = None
    max_cost: MaxCost = None
    config: Presets = None
    assignments: Assignments = None
    as_json: Json = False

    def settings(self) -> "Loaded":
        """The settings in force.

        Raises:
            UsageFault: one of them is wrong.
        """
        from swe_agent.settings.load import load

        overrides: dict[str, object] = {
            "model": self.model,
            "models.base_url": self.base_url,
            "limits.max_cost_usd": self.max_cost,
        }
        return load(self.config or (), self.assignments or (), overrides)


@dataclass(frozen=True, slots=True)
class Indexed:
    """A folder with its index."""

    build: "Build"
    tree: "FolderTree"
    changes: Sequence["Change"]
    """The latest commits; none where the folder is no repository."""


@taking(LocateOptions)
def locate(options: LocateOptions) -> None:
    """Rank the files and functions that an issue is about; no model needed.

    The repository is indexed on the first call; later ones read only what changed.

    \b
    Examples:
      swe-agent locate -i "gcd(0, 5) never ends"
      swe-agent locate ../project -i @issue.md --top 5
      swe-agent locate -i - --json < issue.md
      swe-agent locate -i @issue.md --rerank -m anthropic/claude-sonnet-5-5
    """
    from swe_agent.cli.asking import issue_text
    from swe_agent.cli.screen import print_json, say
    from swe_agent.core.errors import UsageFault
    from swe_agent.index.rank import rank

    text = issue_text(options.issue)
    if not text:
        raise UsageFault(
            "There is no issue to rank places for.", "Give one: `swe-agent locate -i TEXT`."
        )
    indexed = indexed_folder(options.repo)
    corpus = indexed.build.corpus
    if not corpus.by_path:
        raise UsageFault(
            f"There is no source in {options.repo} that a grammar reads.",
            "Python, JavaScript, TypeScript, Go, Rust, Java, C, C++, C#, PHP and Ruby are read.",
        )
    if indexed.build.left_out:
        out = indexed.build.left_out
        say(f"{out} source files are not indexed: there was no time or room for them.")
    ranking = rank(corpus, text, indexed.changes)
    if options.rerank:
        ranking = _in_the_models_order(ranking, text, indexed, options)
    files, functions = ranking.files[: options.top], ranking.functions[: options.top]
    if options.as_json:
        print_json(
            {
                "files": [_row("path", f) for f in files],
                "functions": [_row("name", f) for f in functions],
            }
        )
        return
    if not any(place.reasons for place in (*ranking.files, *ranking.functions)):
        say("Nothing in the issue points at a place: the order is by size alone.")
    _show("files", files)
    _show("functions", functions)


def indexed_folder(repo: Path) -> Indexed:
    """The index of a folder, brought up to its files."""
    from swe_agent.core.errors import UsageFault
    from swe_agent.index.build import build
    from swe_agent.index.cache import Cache
    from swe_agent.index.folder import FolderTree, walked
    from swe_agent.index.history import MOST_CHANGES
    from swe_agent.index.record import is_source
    from swe_agent.runtime.repository import find_root, latest_changes, listed_files

    if not repo.is_dir():
        what = "is not a folder" if repo.exists() else "does not exist"
        raise UsageFault(f"{repo} {what}.", "Give the folder of a repository.")
    try:
        root = find_root(repo)
        paths, changes = listed_files(root), latest_changes(root, MOST_CHANGES)
    except UsageFault:
        root = repo.resolve()
        paths, changes = walked(root), []
    cache = Cache(str(root))
    tree = FolderTree(root, (path for path in paths if is_source(path)), cache.stats())
    built = build(tree, cache)
    if tree.changed:
        cache.keep_stats(tree.stats)
    cache.close()
    return Indexed(built, tree, changes)


def _in_the_models_order(
    ranking: "Ranking", issue: str, indexed: Indexed, options: LocateOptions
) -> "Ranking":
    from swe_agent.agent.reranking import Asked, reranked
    from swe_agent.assemble import model_named
    from swe_agent.cli.beginning import with_model
    from swe_agent.cli.screen import say
    from swe_agent.core.errors import UsageFault
    from swe_agent.models.purse import Caps, Purse

    loaded, why = with_model(options.settings())
    settings, spec = loaded.settings, loaded.settings.model or ""
    if spec == "offline":
        raise UsageFault(
            "--rerank needs a model that reads text.", "Name one: -m PROVIDER/NAME, or set its key."
        )
    say(f"asking {spec}{f' ({why})' if why else ''}")
    purse = Purse(Caps(settings.limits.max_cost_usd, settings.limits.max_unpriced_tokens))
    found = reranked(
        ranking, issue, indexed.tree, Asked(model_named(spec, settings, say), purse, say)
    )
    spent = f"{purse.spent_usd:.4f} USD" if purse.spent_usd else f"{purse.spent_tokens} tokens"
    say(f"{spent} spent")
    return found


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
    import shutil
    import textwrap

    from swe_agent.cli.screen import say

    say(f"{title}:")
    for number, place in enumerate(places, 1):
        line = f":{place.first}" if title == "functions" else ""
        name = place.name.replace("\n", "<U+000A>").replace("\t", "<U+0009>")
        say(f"{number:3}. {name}{line}  {place.score:.2f}")
        why, width = "; ".join(place.reasons), shutil.get_terminal_size().columns
        for row in textwrap.wrap(why, max(20, width - 6), break_on_hyphens=False):
            say(f"     {row}")
