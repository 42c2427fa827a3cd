"""GitHub and GitLab behind one Protocol; each client library is imported by its wire alone."""
