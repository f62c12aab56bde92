output "components" {
  description = "The attributes of each that ZenML needs. staging_uri is null: a custom job has none."

  value = [
    for one in var.components : {
      name            = one.name
      flavor          = one.flavor
      location        = one.location
      service_account = var.service_account
      staging_uri     = null
      network         = var.network
      kms_key         = one.kms_key
    }
  ]
}

output "roles" {
  description = "The roles that the service account needs on the project, as service_identity expects them."
  value       = merge([for flavor in toset(var.components[*].flavor) : local._roles[flavor]]...)
}
