output "components" {
  description = "The attributes of each that ZenML needs, available once its roles are granted; null if the flavor doesn't have one. staging_uri: the root of Vertex's pipelines, or Airflow's folder of DAGs."

  value = [
    for one in var.components : {
      name            = one.name
      flavor          = one.flavor
      location        = contains(["vertex", "vm_gcp"], one.flavor) ? one.location : null
      service_account = one.flavor == "vertex" ? var.service_account : null
      staging_uri     = one.flavor == "vertex" ? "${var.uri}/vertex_pipelines" : one.flavor == "airflow" ? one.dag_folder : null
      network         = one.flavor == "vertex" ? var.network : null
      kms_key         = one.flavor == "vertex" ? one.kms_key : null
    }
  ]

  depends_on = [module.dags]
}

output "roles" {
  description = "The roles that the service account needs on the project, as service_identity expects them. Flavors that need the same role use the same name for it."
  value       = merge([for flavor in local._flavors : local._roles[flavor]]...)
  depends_on  = [google_project_iam_custom_role.skypilot]
}
