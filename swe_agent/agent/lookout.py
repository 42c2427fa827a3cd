"""What the plan phase is told of the repository: the places that the issue may be about, and the
symbols around them. It is worked out in a thread while the tests of the base run."""

from concurrent.futures import Future, wait
from threading import Lock, Thread

from swe_agent.aci.paths import shown
from swe_agent.core.errors import SweAgentError
from swe_agent.core.messages import Note
from swe_agent.core.protocols import TreeReader
from swe_agent.index.lookup import corpus_of
from swe_agent.index.outlook import outlook
from swe_agent.index.rank import rank
from swe_agent.settings.prompts import prompt

FEWEST_FILES = 25
"""A smaller repository is seen as a whole with one look."""
PLACES = 8
WAIT_S = 15.0
"""How long a plan phase waits for an index that is not ready."""
_ONE = Lock()
"""One corpus in memory at a time: a batch looks at many repositories."""


class Lookout:
    """A look at a tree, begun when it is made."""

    def __init__(self, tree: TreeReader, issue: str, budget_tokens: int) -> None:
        """
        Args:
            tree: the repository as the run found it.
            issue: what to look for.
            budget_tokens: size of the map of symbols.
        """
        self._tree, self._issue, self._budget_tokens = tree, issue, budget_tokens
        self._seen: Future[Note | None] = Future()
        Thread(target=self._look, name="lookout", daemon=True).start()

    def note(self, wait_s: float = WAIT_S) -> Note | None:
        """What was seen; None where that is nothing, or not in time."""
        done, _ = wait([self._seen], wait_s)
        return self._seen.result() if done else None

    def _look(self) -> None:
        try:
            self._seen.set_result(self._noted())
        except (SweAgentError, OSError, ValueError):  # the run has ended and closed its store
            self._seen.set_result(None)

    def _noted(self) -> Note | None:
        with _ONE:
            corpus = corpus_of(self._tree)
            if len(corpus.by_path) < FEWEST_FILES:
                return None
            ranking = rank(corpus, self._issue)
            told = [place for place in (ranking.functions or ranking.files) if place.reasons]
            places = told[:PLACES]
            if not places:
                return None
            around = outlook(corpus, self._budget_tokens, self._issue)
        return Note(kind="outlook", text=shown(prompt("outlook", places=places, map=around)))
