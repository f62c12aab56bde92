# What serves pipelines over HTTP: Cloud Run, and Secret Manager for what a service must not show.

locals {
  _made_by = var.owner == "" ? "made by zenstrap" : "made by zenstrap, owner ${var.owner}"

  _role_ids = {
    for name in ["secret_creator", "secret_user"] : name => replace("${var.account_id}_${name}", "-", "_")
  }
  _custom = { for name, id in local._role_ids : name => "projects/${var.project.id}/roles/${id}" }

  # ZenML makes a name from prefix and variable, in lower-case letters, digits and single dashes. The
  # hash has one length, so that no account's prefix is the beginning of another's.
  _secret_prefix = "zenml-${substr(sha256(var.account_id), 0, 10)}-"

  _roles = {
    gcp = {
      # Letting everybody call a service is a change of its access rules. They have one account, so
      # one open deployer is enough for the role.
      cloud_run      = { role = anytrue(var.components[*].allow_unauthenticated) ? "roles/run.admin" : "roles/run.developer", condition = null }
      secret_creator = { role = local._custom.secret_creator, condition = null }
      secret_user = {
        role = local._custom.secret_user
        condition = {
          title      = "own_secrets"
          expression = "resource.name.startsWith(\"projects/${var.project.number}/secrets/${local._secret_prefix}\")"
        }
      }
    }
  }
}

# Creating a secret is asked of the project, where a condition on its name is never true.
resource "google_project_iam_custom_role" "secret_creator" {
  project     = var.project.id
  role_id     = local._role_ids.secret_creator
  title       = "Secret creator for ${var.account_id}"
  description = "Makes secrets for ZenML's Cloud Run deployer; ${local._made_by}."
  permissions = ["secretmanager.secrets.create"]
}

resource "google_project_iam_custom_role" "secret_user" {
  project     = var.project.id
  role_id     = local._role_ids.secret_user
  title       = "Secret user for ${var.account_id}"
  description = "Fills, reads and deletes secrets of ZenML's Cloud Run deployer; ${local._made_by}."

  permissions = [
    "secretmanager.secrets.delete",
    "secretmanager.secrets.get",
    "secretmanager.versions.access",
    "secretmanager.versions.add",
    "secretmanager.versions.get",
  ]
}
