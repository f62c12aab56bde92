output "service_account_key" {
  description = "The service account's key as Google issues it, base64 of a JSON document; null if none is created."
  value       = module.stack.service_account_key
  sensitive   = true
}

output "service_account_key_id" {
  description = "Full name of that key; null if none is created."
  value       = module.stack.service_account_key_id
}

output "stack" {
  description = "What the ML project's stack is made of: artifact_store, components, container_registry (null without) and service_account."

  value = {
    artifact_store     = module.stack.artifact_store
    components         = module.stack.components
    container_registry = module.stack.container_registry
    service_account    = module.stack.service_account
  }
}
