"""One CI event answered: gate, run, publish, each step with no more rights than it needs."""
