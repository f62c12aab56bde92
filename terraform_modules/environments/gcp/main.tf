# An environment on Google Cloud: one bucket and one set of keys that all stacks share, the base
# stack, and a stack for each ML project.

locals {
  _strict = var.resilience.compliance_mode == "strict"

  _keyless = var.auth.method == "external-account"

  # Who may act as the stacks' service accounts: the account of the key that ZenML starts from.
  _impersonator = var.auth.method == "impersonation" ? var.auth.source_service_account : null

  # Everything that is used by some stack.
  _components = concat(var.components, flatten(values(var.ml_projects)[*].components))
  _flavors    = { for one in local._components : one.kind => one.flavor... }

  # Which services encrypt, and in which locations. In strict mode keys are made where the user
  # gave none; else what lies elsewhere than the user's keys is encrypted with Google's own.
  # A bucket in the multi-region EU takes its key from europe; all else has one name everywhere.
  # https://cloud.google.com/kms/docs/locations
  _bucket_key_location = lower(var.locations.bucket) == "eu" ? "europe" : lower(var.locations.bucket)
  _encrypts            = local._strict || length(var.kms_keys) > 0
  _uses = concat(
    [{ location = local._bucket_key_location, service = "storage" }],
    [for one in local._components : { location = var.locations.registry, service = "artifactregistry" } if one.kind == "container_registry"],
    [for one in local._components : { location = coalesce(one.location, var.region), service = "aiplatform" } if one.flavor == "vertex"],
    [for one in local._components : { location = coalesce(one.location, var.region), service = "run" } if one.kind == "deployer"],
  )
  _services = local._encrypts ? { for use in local._uses : use.location => use.service... } : {}

  # What the stacks share.
  _shared = {
    bucket            = module.artifact_store.bucket
    immutable_tags    = local._strict
    impersonator      = local._impersonator
    kms_keys          = module.encryption.kms_keys
    labels            = module.base.labels
    make_keys         = var.auth.make_keys
    network           = var.network
    owner             = var.owner
    project           = merge(module.base.project, { region = var.region })
    registry_location = var.locations.registry
  }
}

module "base" {
  source      = "../../base_infrastructure"
  project_id  = var.project_id
  environment = var.environment
  labels      = var.labels
  owner       = var.owner
  flavors     = local._flavors
  apis = toset(concat(
    local._encrypts ? ["cloudkms.googleapis.com"] : [],
    local._keyless ? ["sts.googleapis.com"] : [],
  ))
}

module "encryption" {
  source    = "../../encryption"
  project   = module.base.project
  key       = var.names.key
  key_ring  = var.names.key_ring
  labels    = module.base.labels
  make_keys = local._strict
  own_keys  = toset(values(var.kms_keys))
  services  = local._services
}

module "artifact_store" {
  source         = "../../artifact_store"
  project_id     = module.base.project.id
  name           = var.names.bucket
  location       = var.locations.bucket
  storage_class  = var.storage_class
  artifact_days  = var.retention.artifact_days
  backup_enabled = var.resilience.backup_enabled
  kms_key        = lookup(module.encryption.kms_keys, local._bucket_key_location, null)
  labels         = module.base.labels
  throwaway      = var.throwaway
}

module "stack" {
  source            = "../../stack"
  account_id        = var.names.service_account_id
  bucket            = local._shared.bucket
  components        = var.components
  description       = "ZenML's base stack of environment ${var.environment}; made by zenstrap${var.owner == "" ? "" : ", owner ${var.owner}"}."
  immutable_tags    = local._shared.immutable_tags
  impersonator      = local._shared.impersonator
  kms_keys          = local._shared.kms_keys
  labels            = local._shared.labels
  make_key          = local._shared.make_keys
  network           = local._shared.network
  owner             = local._shared.owner
  path              = "shared"
  project           = local._shared.project
  registry_location = local._shared.registry_location
  repository_id     = var.names.repository_id
}

module "ml_projects" {
  source             = "../../ml_project"
  for_each           = var.ml_projects
  base               = local._shared
  components         = each.value.components
  name               = each.key
  labels             = each.value.labels
  repository_id      = each.value.repository_id
  service_account_id = each.value.service_account_id
}

module "workload_identity" {
  source             = "../../workload_identity"
  count              = local._keyless ? 1 : 0
  project            = module.base.project
  pool_id            = var.names.workload_identity_pool
  provider_id        = var.names.workload_identity_provider
  owner              = var.owner
  attribute          = var.auth.workload_identity.attribute
  values             = var.auth.workload_identity.values
  source_of_identity = var.auth.workload_identity

  service_accounts = merge(
    { base = module.stack.service_account.email },
    { for name, project in module.ml_projects : "ml_projects/${name}" => project.stack.service_account.email },
  )
}
