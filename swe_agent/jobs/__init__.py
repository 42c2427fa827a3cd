"""Many tasks, and tasks from elsewhere: task files, batches, executors, forges, CI events."""
