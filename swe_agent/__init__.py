"""swe-agent: an issue and a repository in, a tested patch out.

The package is an engine in floors (see `docs/architecture.md`); nothing is exported here and
nothing happens on import.
"""

__version__ = "0.1.0"
