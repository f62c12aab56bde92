"""The steps of the pipelines, one per file: artifacts in, one call into zenstrap, artifacts out."""
