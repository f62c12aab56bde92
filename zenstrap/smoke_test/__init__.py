"""The training that proves a stack: small, real, and quick to start (numpy is all it needs)."""
