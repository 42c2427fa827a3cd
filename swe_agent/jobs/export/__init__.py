"""Runs in the formats of other agents and of fine-tuning, and back."""
