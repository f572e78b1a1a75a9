"""The doors: each converts a request in, calls the Assistant, converts the answer out."""
