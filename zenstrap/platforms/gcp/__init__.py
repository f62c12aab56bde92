"""Google Cloud: everything that zenstrap knows of it."""
