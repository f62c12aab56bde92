"""The pipelines, one per file."""
