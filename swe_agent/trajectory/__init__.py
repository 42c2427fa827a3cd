"""The event log of a run and the blobs that it names by hash."""
