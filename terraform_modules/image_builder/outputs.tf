output "components" {
  description = "The attributes of each that ZenML needs, available once its roles are granted; null if the flavor doesn't have one. service_account: the one that builds run as; ZenML can't choose it."

  value = [
    for one in var.components : {
      name            = one.name
      flavor          = one.flavor
      location        = one.flavor == "gcp" ? one.location : null
      service_account = one.flavor == "gcp" ? local._builder : null
      staging_uri     = one.flavor == "gcp" ? "gs://${var.bucket}/${local._staging_path}" : null
    }
  ]

  depends_on = [
    google_artifact_registry_repository_iam_member.images,
    google_service_account_iam_member.act_as_builder,
    google_storage_bucket_iam_member.build_contexts,
  ]
}

output "roles" {
  description = "The roles that the service account needs on the project, as service_identity expects them."
  value       = merge([for flavor in local._flavors : local._roles[flavor]]...)
}
