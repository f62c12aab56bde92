output "component" {
  description = "What ZenML has to be told, once it works; null where the flavor has no such thing. service_account: the one that builds run as; ZenML can't choose it."

  value = {
    flavor          = var.flavor
    location        = local._cloud_build ? var.location : null
    service_account = local._cloud_build ? local._builder : null
    staging_uri     = local._cloud_build ? "gs://${var.bucket}/${local._staging_path}" : null
  }

  depends_on = [
    google_artifact_registry_repository_iam_member.images,
    google_service_account_iam_member.act_as_builder,
    google_storage_bucket_iam_member.build_contexts,
  ]
}

output "roles" {
  description = "The roles that the service account needs on the project, as service_identity takes them."
  value       = local._roles[var.flavor]
}
