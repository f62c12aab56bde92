# An environment on this machine: folders as artifact stores, one shared and one for each ML
# project. No account, no network, nothing to download.

locals {
  _incarnation = try(tostring(var.zenstrap_state_serial), null)
}

module "shared" {
  source      = "../../local_artifact_store"
  environment = var.environment
  folder      = "shared"
  incarnation = local._incarnation
  owner       = var.owner
  root        = var.root
}

module "ml_projects" {
  source      = "../../local_artifact_store"
  for_each    = var.ml_projects
  environment = var.environment
  folder      = "ml_projects/${each.key}"
  incarnation = local._incarnation
  ml_project  = each.key
  owner       = var.owner
  root        = var.root
}
