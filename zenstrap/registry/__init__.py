"""ZenML's registry: what is wanted, what is there, what has to be written."""
