output "artifact_store" {
  description = "The path of the stack's artifacts, once its service account may use it."
  value       = { uri = module.artifacts.uri }
}

output "components" {
  description = "The attributes of each component that ZenML needs, except artifact store and container registry: name, kind, flavor, location, service_account, staging_uri, network, kms_key and secret_name_prefix, null if the flavor doesn't have one. Sorted, independent of the input's order."

  value = flatten([
    for kind, made in {
      deployer           = module.deployer[*].components
      experiment_tracker = module.experiment_tracker[*].components
      image_builder      = module.image_builder[*].components
      orchestrator       = module.orchestrator[*].components
      step_operator      = module.step_operator[*].components
      } : [
      for one in flatten(made) : {
        name               = one.name
        kind               = kind
        flavor             = one.flavor
        location           = one.location
        service_account    = try(one.service_account, null)
        staging_uri        = try(one.staging_uri, null)
        network            = try(one.network, null)
        kms_key            = try(one.kms_key, null)
        secret_name_prefix = try(one.secret_name_prefix, null)
      }
    ]
  ])

  depends_on = [module.identity]
}

output "container_registry" {
  description = "Address, location and id of the repository; null if the stack has none."
  value       = one(module.container_registry[*].container_registry)
}

output "service_account" {
  description = "The service account that the stack acts as, once it has its roles."
  value       = { email = module.identity.email }
}

output "service_account_key" {
  description = "The service account's key as Google issues it, base64 of a JSON document; null if none is created."
  value       = module.identity.key
  sensitive   = true
}

output "service_account_key_id" {
  description = "Full name of that key; null if none is created."
  value       = module.identity.key_id
}
