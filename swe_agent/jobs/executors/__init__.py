"""Where the work of a batch is done: threads of this process, or a Ray cluster."""
