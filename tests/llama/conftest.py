"""The small project with a bug that whole runs are made on."""

from tests.solve.conftest import project

__all__ = ["project"]
