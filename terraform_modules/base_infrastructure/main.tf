# What comes before everything else: which project this is, the labels that say whose things are,
# and the APIs that must be on.

locals {
  # Identity, its tokens and the project itself. Cloud Storage comes with every stack: ZenML needs
  # an artifact store. Terraform can enable the others only where cloudresourcemanager and
  # serviceusage are on already.
  _always = [
    "cloudresourcemanager.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "serviceusage.googleapis.com",
    "storage.googleapis.com",
  ]

  # What a flavor needs; one that isn't here needs nothing of Google's.
  _needs = {
    container_registry = { gcp = ["artifactregistry.googleapis.com"] }
    deployer           = { gcp = ["run.googleapis.com", "secretmanager.googleapis.com"] }
    experiment_tracker = { vertex = ["aiplatform.googleapis.com"] }
    # Compute Engine's too: the account that builds run as comes with it.
    image_builder = { gcp = ["cloudbuild.googleapis.com", "compute.googleapis.com"] }
    orchestrator = {
      airflow    = ["composer.googleapis.com"]
      kubernetes = ["container.googleapis.com"]
      vertex     = ["aiplatform.googleapis.com"]
      vm_gcp     = ["compute.googleapis.com"]
    }
    step_operator = { vertex = ["aiplatform.googleapis.com"] }
  }
  _needed = flatten([
    for kind, flavors in var.flavors : [for flavor in flavors : try(local._needs[kind][flavor], [])]
  ])
}

# Without depends_on, so that it is read while planning and the number is known there.
data "google_project" "this" {
  project_id = var.project_id
}

# Never disabled again: somebody else in the project may use the API, and disabling one can delete
# what was made through it.
resource "google_project_service" "this" {
  for_each           = setunion(local._always, local._needed, var.apis)
  project            = var.project_id
  service            = each.key
  disable_on_destroy = false
}
