output "components" {
  description = "The attributes of each that ZenML needs. secret_name_prefix: the service account may only use secrets with this prefix."

  value = [
    for one in var.components : {
      name               = one.name
      flavor             = one.flavor
      location           = one.location
      service_account    = var.service_account
      kms_key            = one.kms_key
      secret_name_prefix = local._secret_prefix
    }
  ]
}

output "roles" {
  description = "The roles that the service account needs on the project, as service_identity expects them."
  value       = merge([for flavor in toset(var.components[*].flavor) : local._roles[flavor]]...)

  depends_on = [
    google_project_iam_custom_role.secret_creator,
    google_project_iam_custom_role.secret_user,
  ]
}
