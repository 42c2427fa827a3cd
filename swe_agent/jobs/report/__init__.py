"""A run or a batch as one self-contained HTML page."""
