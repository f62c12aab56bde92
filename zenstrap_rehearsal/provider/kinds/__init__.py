"""What the provider knows of each kind beyond its schema, by service."""
