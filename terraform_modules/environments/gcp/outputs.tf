output "artifact_store" {
  description = "The bucket that all stacks share, and the base stack's path in it."
  value = {
    bucket   = module.artifact_store.bucket
    location = module.artifact_store.location
    uri      = module.stack.artifact_store.uri
  }
}

output "components" {
  description = "The attributes of each of the base stack's components that ZenML needs, except artifact store and container registry: name, kind, flavor, location, service_account, staging_uri, network, kms_key and secret_name_prefix; null if the flavor doesn't have one."
  value       = module.stack.components
}

output "container_registry" {
  description = "The base stack's repository; null without."
  value       = module.stack.container_registry
}

output "encryption" {
  description = "The keys that encrypt, by their location in Cloud KMS; null where Google's own keys do."
  value       = local._encrypts ? { kms_keys = module.encryption.kms_keys } : null
}

output "labels" {
  description = "Labels of all resources that support labels."
  value       = module.base.labels
}

output "ml_projects" {
  description = "The stack of each ML project, by its name, in the shape of the base stack's outputs."
  value = {
    for name, project in module.ml_projects : name => merge(project.stack, {
      artifact_store = {
        bucket   = module.artifact_store.bucket
        location = module.artifact_store.location
        uri      = project.stack.artifact_store.uri
      }
    })
  }
}

output "project" {
  description = "Id, number and region of the Google Cloud project."
  value       = merge(module.base.project, { region = var.region })
}

output "retention" {
  description = "Retention, as in the input."
  value       = var.retention
}

output "service_account" {
  description = "The service account that the base stack acts as."
  value       = module.stack.service_account
}

output "service_account_key_ids" {
  description = "The full names of the keys that were made, which say when one was made anew: base, and the ML projects by name. Empty where none are made."
  value = var.auth.make_keys ? merge(
    { base = module.stack.service_account_key_id },
    { for name, project in module.ml_projects : name => project.service_account_key_id },
  ) : {}
}

output "service_account_keys" {
  description = "The keys that were made, base64 of a JSON document each: base, and the ML projects by name. Empty where none are made."
  sensitive   = true
  value = var.auth.make_keys ? merge(
    { base = module.stack.service_account_key },
    { for name, project in module.ml_projects : name => project.service_account_key },
  ) : {}
}

output "workload_identity" {
  description = "Provider and audience for keyless access; null with another method."
  value       = one(module.workload_identity[*].workload_identity)
}
