"""Many tasks: task files, batches, evaluation, executors."""
