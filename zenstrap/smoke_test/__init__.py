"""The training of the smoke test: small, real, and quick to start (it only needs numpy)."""
