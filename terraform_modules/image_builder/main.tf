# What builds images. Cloud Build runs a build as an account of its own, and ZenML's image builder
# can't name another one, so it is that account that must read the build context and push the image.
# What is made belongs to a flavor, not to a component: two components of one flavor share it.

locals {
  _flavors     = toset(var.components[*].flavor)
  _cloud_build = contains(local._flavors, "gcp")

  _roles = {
    gcp   = { cloud_build = { role = "roles/cloudbuild.builds.editor", condition = null } }
    local = {}
  }

  # https://cloud.google.com/build/docs/cloud-build-service-account
  _builder = coalesce(var.build_service_account, "${var.project.number}-compute@developer.gserviceaccount.com")

  # ZenML's own name for the folder (cloud-build-contexts), below the path of the artifact store.
  _staging_path = "${var.path}/cloud-build-contexts"
}

# The account that submits a build must be allowed to act as the account that it runs as.
resource "google_service_account_iam_member" "act_as_builder" {
  count              = local._cloud_build ? 1 : 0
  service_account_id = "projects/${var.project.id}/serviceAccounts/${local._builder}"
  role               = "roles/iam.serviceAccountUser"
  member             = "serviceAccount:${var.service_account}"
}

resource "google_storage_bucket_iam_member" "build_contexts" {
  count  = local._cloud_build ? 1 : 0
  bucket = var.bucket
  role   = "roles/storage.objectViewer"
  member = "serviceAccount:${local._builder}"

  condition {
    title       = "build_contexts"
    description = "What images are built from, below ${local._staging_path}/."
    expression  = "resource.name.startsWith(\"projects/_/buckets/${var.bucket}/objects/${local._staging_path}/\")"
  }
}

resource "google_artifact_registry_repository_iam_member" "images" {
  count      = local._cloud_build && var.repository != null ? 1 : 0
  project    = var.project.id
  location   = var.repository.location
  repository = var.repository.repository_id
  role       = "roles/artifactregistry.writer"
  member     = "serviceAccount:${local._builder}"
}
