"""zenstrap: an infrastructure bootstrapper made of ZenML pipelines."""
