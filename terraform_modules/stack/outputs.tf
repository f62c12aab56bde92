output "artifact_store" {
  description = "The path of the stack's artifacts, once its service account may use it."
  value       = { uri = module.artifacts.uri }
}

output "components" {
  description = "What ZenML has to be told of each component, artifact store and container registry apart: name, kind, flavor, location, service_account, staging_uri, network, kms_key and secret_name_prefix, null where the flavor has no such thing. In one order, whatever that of the input."

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
  description = "The service account's key as Google gives it, base64 of a JSON document; null where none is made."
  value       = module.identity.key
  sensitive   = true
}

output "service_account_key_id" {
  description = "Full name of that key; null where none is made."
  value       = module.identity.key_id
}
