"""The checks of `docs/security-checks.md` run on the small project of the whole-run tests."""

from tests.solve.conftest import play, project

__all__ = ["play", "project"]
