"""One attempt at a task: its state folded from the log, the loop, the phases and the guardrails."""
