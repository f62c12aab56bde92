output "component" {
  description = "What ZenML has to be told, once it works; null where the flavor has no such thing. staging_uri: the root of Vertex's pipelines, or Airflow's folder of DAGs."

  value = {
    flavor          = var.flavor
    location        = contains(["vertex", "vm_gcp"], var.flavor) ? var.location : null
    service_account = local._vertex ? var.service_account : null
    staging_uri     = local._vertex ? "${var.uri}/vertex_pipelines" : var.flavor == "airflow" ? var.dag_folder : null
    network         = local._vertex ? var.network : null
    kms_key         = local._vertex ? var.kms_key : null
  }

  depends_on = [module.dags]
}

output "roles" {
  description = "The roles that the service account needs on the project, as service_identity takes them. Flavors that need the same one name it alike."
  value       = local._roles[var.flavor]
  depends_on  = [google_project_iam_custom_role.skypilot]
}
