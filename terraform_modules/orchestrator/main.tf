# What runs pipelines: what each flavor needs on Google Cloud, and what ZenML has to be told. What is
# made belongs to a flavor, not to a component: two components of one flavor share it.

locals {
  _made_by = var.owner == "" ? "made by zenstrap" : "made by zenstrap, owner ${var.owner}"

  _flavors = toset(var.components[*].flavor)

  _roles = {
    airflow = {}
    # Finds the cluster and works in it; what it may do there, the cluster's own roles can narrow.
    kubernetes = { kubernetes = { role = "roles/container.developer", condition = null } }
    local      = {}
    # To submit, and to run as what was submitted. ZenML's own module gives the role that Google
    # made for its service agent instead, which is more than either takes.
    # https://cloud.google.com/vertex-ai/docs/pipelines/configure-project
    vertex = { vertex = { role = "roles/aiplatform.user", condition = null } }
    vm_gcp = { skypilot = { role = local._skypilot_role, condition = null } }
  }

  _skypilot_role_id = replace("${var.account_id}_skypilot", "-", "_")
  _skypilot_role    = "projects/${var.project.id}/roles/${local._skypilot_role_id}"

  # Composer's bucket and the folder in it, which is always dags.
  # https://cloud.google.com/composer/docs/concepts/cloud-storage
  _dags = [
    for folder in distinct([
      for one in var.components : trimsuffix(one.dag_folder, "/")
      if one.flavor == "airflow" && startswith(coalesce(one.dag_folder, "-"), "gs://")
    ]) : regex("^gs://(?P<bucket>[^/]+)/(?P<path>.+)$", folder)
  ]
}

# The least that SkyPilot asks for. The roles that it suggests for convenience would let it change
# the access rules of the whole project.
# https://docs.skypilot.co/en/latest/cloud-setup/cloud-permissions/gcp.html
resource "google_project_iam_custom_role" "skypilot" {
  count       = contains(local._flavors, "vm_gcp") ? 1 : 0
  project     = var.project.id
  role_id     = local._skypilot_role_id
  title       = "SkyPilot for ${var.account_id}"
  description = "Starts and stops machines for ZenML's SkyPilot orchestrator; ${local._made_by}."

  permissions = [
    "compute.disks.create",
    "compute.disks.list",
    "compute.firewalls.create",
    "compute.firewalls.delete",
    "compute.firewalls.get",
    "compute.globalOperations.get",
    "compute.instances.create",
    "compute.instances.delete",
    "compute.instances.get",
    "compute.instances.list",
    "compute.instances.setLabels",
    "compute.instances.setMetadata",
    "compute.instances.setServiceAccount",
    "compute.instances.start",
    "compute.instances.stop",
    "compute.networks.get",
    "compute.networks.getEffectiveFirewalls",
    "compute.networks.list",
    "compute.projects.get",
    "compute.subnetworks.list",
    "compute.subnetworks.use",
    "compute.subnetworks.useExternalIp",
    "compute.zoneOperations.get",
    "iam.roles.get",
    "iam.serviceAccounts.get",
    "resourcemanager.projects.get",
    "resourcemanager.projects.getIamPolicy",
    "serviceusage.services.list",
    "serviceusage.services.use",
  ]
}

# ZenML writes a DAG as a file where Airflow looks for them. A Composer environment has a bucket of
# its own, in which the service account may use that folder and nothing else.
module "dags" {
  source          = "../artifact_path"
  count           = length(local._dags) # one at most, see components
  bucket          = local._dags[count.index].bucket
  path            = local._dags[count.index].path
  service_account = var.service_account
}
