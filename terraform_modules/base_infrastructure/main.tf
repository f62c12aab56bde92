# What comes before everything else: which project this is, the labels that say whose things are,
# and the APIs that must be on.

locals {
  # Identity, its tokens and the project itself. Cloud Storage comes with every stack: ZenML needs
  # an artifact store.
  _always = [
    "cloudresourcemanager.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "serviceusage.googleapis.com",
    "storage.googleapis.com",
  ]
}

# Without depends_on, so that it is read while planning and the number is known there.
data "google_project" "this" {
  project_id = var.project_id
}

# Never disabled again: somebody else in the project may use the API, and disabling one can delete
# what was made through it.
resource "google_project_service" "this" {
  for_each           = setunion(local._always, var.apis)
  project            = var.project_id
  service            = each.key
  disable_on_destroy = false
}
