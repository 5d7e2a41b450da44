"""HTTP in: one declared face per front-end contract."""
