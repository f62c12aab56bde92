"""One module per stage of an environment's life; each step of a pipeline calls one of them."""
