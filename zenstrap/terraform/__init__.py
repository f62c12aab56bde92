"""The Terraform command line: run, stream, plan, outputs, state guard."""
