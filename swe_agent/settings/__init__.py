"""What the user may set, where it came from, where content lies. Keys are never settings."""
