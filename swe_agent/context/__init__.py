"""What a model is shown: layers under a budget, with a ledger."""
