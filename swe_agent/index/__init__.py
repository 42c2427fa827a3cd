"""Knowing a repository: symbols, graph, the ranking of an issue, fault localization."""
