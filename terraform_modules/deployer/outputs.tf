output "component" {
  description = "What ZenML has to be told. secret_name_prefix: the service account may use secrets of this beginning alone."

  value = {
    flavor             = var.flavor
    location           = var.location
    service_account    = var.service_account
    kms_key            = var.kms_key
    secret_name_prefix = local._secret_prefix
  }
}

output "roles" {
  description = "The roles that the service account needs on the project, as service_identity takes them."
  value       = local._roles[var.flavor]

  depends_on = [
    google_project_iam_custom_role.secret_creator,
    google_project_iam_custom_role.secret_user,
  ]
}
