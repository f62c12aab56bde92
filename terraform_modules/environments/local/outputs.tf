output "artifact_store" {
  description = "The artifact store that all ML projects of the environment share."
  value       = { uri = module.shared.folder }
}

output "labels" {
  description = "Labels of the registrations in ZenML."
  value       = var.labels
}

output "ml_projects" {
  description = "The outputs of each ML project, by its name."
  value = {
    for name, store in module.ml_projects : name => { artifact_store_uri = store.folder }
  }
}

output "retention" {
  description = "Retention, as in the input."
  value       = var.retention
}
