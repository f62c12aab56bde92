output "labels" {
  description = "Labels for everything that takes labels, with managed_by, environment and zenstrap_owner."
  value = merge(
    var.labels,
    { managed_by = "zenstrap", environment = var.environment },
    var.owner == "" ? {} : { zenstrap_owner = var.owner },
  )
}

output "prefix" {
  description = "What the names of the environment's things begin with."
  value       = "zenml-${var.environment}"
}

output "project" {
  description = "Id and number of the project, once its APIs are enabled."
  value       = { id = var.project_id, number = data.google_project.this.number }
  depends_on  = [google_project_service.this]
}
