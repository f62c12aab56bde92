"""The Terraform command line: commands, streams, plans, outputs, state checks."""
