"""One record for each kind and flavor of a stack component."""

# The configuration first: its platforms name these flavors, and the flavors use its types.
import zenstrap.config  # noqa: F401
