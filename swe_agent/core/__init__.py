"""What every floor speaks: errors, text, messages, tasks, events, protocols. No I/O lives here."""
