"""Platform gcp: Google Cloud."""
