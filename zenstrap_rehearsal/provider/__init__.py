"""A Terraform provider that stands in for hashicorp/google."""
