output "container_registry" {
  description = "Address, location and id of the repository, once its readers and writers may use it."

  value = {
    uri           = "${var.location}-docker.pkg.dev/${var.project_id}/${var.repository_id}"
    location      = var.location
    repository_id = var.repository_id
  }

  depends_on = [
    google_artifact_registry_repository.this,
    google_artifact_registry_repository_iam_member.readers,
    google_artifact_registry_repository_iam_member.writers,
  ]
}
