"""Where commands run, and what the host keeps of it: sandboxes, the shell session, checkpoints,
patches."""
