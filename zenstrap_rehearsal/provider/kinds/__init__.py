"""The behaviour of each resource type beyond its schema, by service."""
