output "components" {
  description = "The attributes of each that ZenML needs; null if the flavor doesn't have one."

  value = [
    for one in var.components : {
      name        = one.name
      flavor      = one.flavor
      location    = one.flavor == "vertex" ? one.location : null
      staging_uri = one.flavor == "vertex" ? "${var.uri}/vertex_experiments" : null
      kms_key     = one.flavor == "vertex" ? one.kms_key : null
    }
  ]
}

output "roles" {
  description = "The roles that the service account needs on the project, as service_identity expects them."
  value       = merge([for flavor in toset(var.components[*].flavor) : local._roles[flavor]]...)
}
