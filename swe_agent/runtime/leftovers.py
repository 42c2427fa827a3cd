"""What set-up left in the work tree: folders of the environment, and changes to the repository's
files."""

from swe_agent.core.text import decoded
from swe_agent.runtime.ignore import IgnoreRules, is_environment
from swe_agent.runtime.sandbox import BrokerSandbox
from swe_agent.runtime.store import TreeStore

_TOP_FOLDERS = "find . -mindepth 1 -maxdepth 2 -name .git -prune -o -type d -print0"


def survey_leftovers(
    sandbox: BrokerSandbox, store: TreeStore, tree: str, *, trusted: bool
) -> tuple[str, tuple[str, ...]]:
    """The tree after set-up, and the folders that belong to the environment: not stored.

    Args:
        sandbox: set up, and nothing has run in it since; taken over here.
        store: the run's trees.
        tree: what it was filled with.
        trusted: whether files of equal size and mode are as in `tree`.
    """
    rules = IgnoreRules(store.reader(tree))
    ignored: list[str] = []
    names = decoded(sandbox.ask(_TOP_FOLDERS)).split("\0")
    for name in sorted(name.removeprefix("./") for name in names if name):
        inside = name.startswith(tuple(f"{folder}/" for folder in ignored))
        if store.find(tree, name) is None and not inside and is_environment(name, rules):
            ignored.append(name)
    sandbox.begin(tree, ignored, trusted=trusted)
    return sandbox.checkpoint().tree, tuple(ignored)
