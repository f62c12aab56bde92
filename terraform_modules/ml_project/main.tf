# One ML project: a stack of its own components. It shares bucket, keys and network with the others,
# and has a path, a repository and a service account of its own.

module "stack" {
  source            = "../stack"
  account_id        = var.service_account_id
  bucket            = var.base.bucket
  components        = var.components
  description       = "ZenML's stack of ML project ${var.name}; made by zenstrap${var.base.owner == "" ? "" : ", owner ${var.base.owner}"}."
  immutable_tags    = var.base.immutable_tags
  impersonator      = var.base.impersonator
  kms_keys          = var.base.kms_keys
  labels            = merge(var.base.labels, var.labels, { ml_project = var.name })
  make_key          = var.base.make_keys
  network           = var.base.network
  owner             = var.base.owner
  path              = "ml_projects/${var.name}"
  project           = var.base.project
  registry_location = var.base.registry_location
  repository_id     = var.repository_id
}
