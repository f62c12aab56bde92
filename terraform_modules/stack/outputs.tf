output "artifact_store" {
  description = "The path of the stack's artifacts, once its service account may use it."
  value       = { uri = module.artifacts.uri }
}

output "container_registry" {
  description = "Address, location and id of the repository; null if the stack has none."
  value       = one(module.container_registry[*].container_registry)
}

output "deployer" {
  description = "The deployer; null if the stack has none."
  value       = one(module.deployer[*].component)
  depends_on  = [module.identity]
}

output "experiment_tracker" {
  description = "The experiment tracker; null if the stack has none."
  value       = one(module.experiment_tracker[*].component)
  depends_on  = [module.identity]
}

output "image_builder" {
  description = "The image builder; null if the stack has none."
  value       = one(module.image_builder[*].component)
  depends_on  = [module.identity]
}

output "orchestrator" {
  description = "The orchestrator."
  value       = one(module.orchestrator[*].component)
  depends_on  = [module.identity]
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

output "step_operator" {
  description = "The step operator; null if the stack has none."
  value       = one(module.step_operator[*].component)
  depends_on  = [module.identity]
}
