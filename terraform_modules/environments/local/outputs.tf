output "artifact_store" {
  description = "The artifact store that all ML projects of the environment share."
  value       = { uri = module.shared.folder }
}

output "labels" {
  description = "Labels for what is registered in ZenML."
  value       = var.labels
}

output "ml_projects" {
  description = "What each ML project has of its own, by its name."
  value = {
    for name, store in module.ml_projects : name => { artifact_store_uri = store.folder }
  }
}

output "retention" {
  description = "How long things are kept."
  value       = var.retention
}
