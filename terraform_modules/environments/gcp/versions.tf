terraform {
  required_version = ">= 1.7"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 6.0, < 7.0"
    }
  }

  # zenstrap gives bucket and prefix; they differ between environments.
  backend "gcs" {}
}

# As whom: whoever is logged in, or the service account in GOOGLE_IMPERSONATE_SERVICE_ACCOUNT.
provider "google" {
  project = var.project_id
  region  = var.region
}
