"""Google Cloud Storage: the state bucket, and the leases in it."""
