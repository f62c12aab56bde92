output "service_account_key" {
  description = "The service account's key as Google gives it, base64 of a JSON document; null where none is made."
  value       = module.stack.service_account_key
  sensitive   = true
}

output "service_account_key_id" {
  description = "Full name of that key; null where none is made."
  value       = module.stack.service_account_key_id
}

output "stack" {
  description = "What the ML project's stack is made of: artifact_store, container_registry, the components, and service_account; null for what it doesn't have."

  value = {
    artifact_store     = module.stack.artifact_store
    container_registry = module.stack.container_registry
    deployer           = module.stack.deployer
    experiment_tracker = module.stack.experiment_tracker
    image_builder      = module.stack.image_builder
    orchestrator       = module.stack.orchestrator
    service_account    = module.stack.service_account
    step_operator      = module.stack.step_operator
  }
}
