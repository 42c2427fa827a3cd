"""Predictions graded by running the tests, with the official semantics and report."""
