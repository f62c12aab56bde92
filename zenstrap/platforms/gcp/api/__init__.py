"""Google Cloud's REST services, as far as zenstrap asks them itself. Terraform does the rest."""
