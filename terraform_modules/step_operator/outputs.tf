output "component" {
  description = "What ZenML has to be told. staging_uri is null: a custom job has none."

  value = {
    flavor          = var.flavor
    location        = var.location
    service_account = var.service_account
    staging_uri     = null
    network         = var.network
    kms_key         = var.kms_key
  }
}

output "roles" {
  description = "The roles that the service account needs on the project, as service_identity takes them."
  value       = local._roles[var.flavor]
}
