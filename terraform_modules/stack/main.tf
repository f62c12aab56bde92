# The resources of one stack of an environment, the base stack or an ML project's: a
# service account, a path in the shared bucket, a repository, and what its components need.

locals {
  # Cloud Build without a location is its global endpoint, not the project's region.
  _components = [
    for one in var.components : merge(one, {
      name     = coalesce(one.name, one.kind)
      location = one.kind == "image_builder" ? one.location : coalesce(one.location, var.project.region)
    })
  ]

  # By kind. Google takes a key of the thing's own location only; where there is none, it uses its
  # own.
  _of = {
    for kind in ["container_registry", "orchestrator", "step_operator", "image_builder", "experiment_tracker", "deployer"] :
    kind => [for one in local._components : merge(one, { kms_key = try(var.kms_keys[one.location], null) }) if one.kind == kind]
  }
  _has = { for kind, components in local._of : kind => length(components) > 0 ? 1 : 0 }

  # From the inputs: roles are gathered from the components, and the components name the account.
  _email = "${var.account_id}@${var.project.id}.iam.gserviceaccount.com"
  _uri   = "gs://${var.bucket}/${var.path}"

  # By index, not with [*], which would wait for all that a component makes; and that waits for the
  # account. That is why a kind's module is called once, for all flavors of the kind: with for_each
  # over them, each flavor would have to be named here. A kind that the stack lacks has no index 0.
  _roles = merge(
    try(module.orchestrator[0].roles, {}),
    try(module.step_operator[0].roles, {}),
    try(module.image_builder[0].roles, {}),
    try(module.experiment_tracker[0].roles, {}),
    try(module.deployer[0].roles, {}),
  )
}

module "identity" {
  source       = "../service_identity"
  project_id   = var.project.id
  account_id   = var.account_id
  description  = var.description
  impersonator = var.impersonator
  make_key     = var.make_key
  roles        = local._roles
}

module "artifacts" {
  source          = "../artifact_path"
  bucket          = var.bucket
  path            = var.path
  service_account = module.identity.email
}

module "container_registry" {
  source         = "../container_registry"
  count          = local._has.container_registry
  project_id     = var.project.id
  location       = var.registry_location
  repository_id  = var.repository_id
  immutable_tags = var.immutable_tags
  kms_key        = lookup(var.kms_keys, var.registry_location, null)
  labels         = var.labels
  writers        = { stack = module.identity.email }
}

module "orchestrator" {
  source          = "../orchestrator"
  count           = local._has.orchestrator
  project         = var.project
  account_id      = var.account_id
  components      = local._of.orchestrator
  network         = var.network
  owner           = var.owner
  service_account = module.identity.account
  uri             = local._uri
}

module "step_operator" {
  source          = "../step_operator"
  count           = local._has.step_operator
  components      = local._of.step_operator
  network         = var.network
  service_account = local._email
}

module "image_builder" {
  source          = "../image_builder"
  count           = local._has.image_builder
  project         = var.project
  components      = local._of.image_builder
  bucket          = var.bucket
  path            = var.path
  repository      = one(module.container_registry[*].container_registry)
  service_account = module.identity.account
}

module "experiment_tracker" {
  source     = "../experiment_tracker"
  count      = local._has.experiment_tracker
  components = local._of.experiment_tracker
  uri        = local._uri
}

module "deployer" {
  source          = "../deployer"
  count           = local._has.deployer
  project         = var.project
  account_id      = var.account_id
  components      = local._of.deployer
  owner           = var.owner
  service_account = local._email
}
