"""Connectors, components and stacks in ZenML: desired, actual, and the changes between them."""
