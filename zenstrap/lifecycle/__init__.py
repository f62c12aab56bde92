"""One module per stage of an environment's life; each pipeline step calls one of them."""
