"""Prices and books for a small car park."""
