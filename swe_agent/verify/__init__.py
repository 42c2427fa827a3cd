"""Test reports, runners and the verdict: what tests said of a tree, what that proves of a patch.

Trees are built by the store and tests run in sandboxes; both are reached through Protocols only.
"""
