"""How attempts are spent. Each strategy is a module with a function `solve(attempt)`."""
