output "component" {
  description = "What ZenML has to be told; null where the flavor has no such thing."

  value = {
    flavor      = var.flavor
    location    = local._vertex ? var.location : null
    staging_uri = local._vertex ? "${var.uri}/vertex_experiments" : null
    kms_key     = local._vertex ? var.kms_key : null
  }
}

output "roles" {
  description = "The roles that the service account needs on the project, as service_identity takes them."
  value       = local._roles[var.flavor]
}
