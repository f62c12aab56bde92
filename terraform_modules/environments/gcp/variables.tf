variable "adopt" {
  description = "What an earlier life of this environment left behind, to be taken into the state: the full names of key rings and keys by their location, and of the pool and provider of workload identities. Also what a run made and could not write down: bucket is its name; stack and ml_projects hold the ids of a stack's service_account, repository, and roles skypilot_role, secret_creator_role and secret_user_role."
  type = object({
    key_rings                  = optional(map(string), {})
    keys                       = optional(map(string), {})
    workload_identity_pool     = optional(string)
    workload_identity_provider = optional(string)
    bucket                     = optional(string)
    stack                      = optional(map(string), {})
    ml_projects                = optional(map(map(string)), {})
  })
  default  = {}
  nullable = false
}

variable "auth" {
  description = "How ZenML reaches Google Cloud. make_keys: service-account without a key of the user's own, and another method for as long as something still works with the keys. source_service_account: impersonation, the account that may act as the stacks'. workload_identity: external-account, see workload_identity."
  type = object({
    method                 = string
    make_keys              = optional(bool, false)
    source_service_account = optional(string)
    workload_identity = optional(object({
      existing_provider = optional(string)
      oidc_issuer       = optional(string)
      aws_account       = optional(string)
      audiences         = optional(list(string))
      attribute         = optional(string, "subject")
      values            = set(string)
    }))
  })
  nullable = false

  validation {
    condition     = contains(["external-account", "implicit", "impersonation", "service-account"], var.auth.method)
    error_message = "auth.method must be external-account, implicit, impersonation or service-account."
  }

  validation {
    condition     = (var.auth.method == "external-account") == (var.auth.workload_identity != null)
    error_message = "auth.workload_identity must be there for external-account, and for nothing else."
  }
}

variable "components" {
  description = "The base stack's components; several may be of one kind. name: null is the kind. location: null is the region. allow_unauthenticated belongs to deployer, dag_folder to orchestrator."
  type = list(object({
    name                  = optional(string)
    kind                  = string
    flavor                = string
    location              = optional(string)
    allow_unauthenticated = optional(bool, false)
    dag_folder            = optional(string)
  }))
  nullable = false
}

variable "environment" {
  description = "Name of the environment, equal to its file's name in configs/environments."
  type        = string
  nullable    = false
}

variable "kms_keys" {
  description = "Keys of the user's own, by their location in Cloud KMS. With one of them, what lies there is encrypted with it; in strict compliance keys are made where there is none."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for location, key in var.kms_keys : can(regex("^projects/[^/]+/locations/${location}/keyRings/[^/]+/cryptoKeys/[^/]+$", key))])
    error_message = "Each of kms_keys must be projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY, with the location that it stands under."
  }
}

variable "labels" {
  description = "Labels of all resources that support labels. managed_by, environment and zenstrap_owner are added."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "locations" {
  description = "Locations of the bucket and the repositories: a region, a dual-region (bucket) or a multi-region. registry: needed with a container_registry."
  type        = object({ bucket = string, registry = optional(string) })
  nullable    = false
}

variable "ml_projects" {
  description = "The ML projects by name, each with the names of its own things, its labels, and the whole set of its components, as in components."
  type = map(object({
    repository_id      = optional(string)
    service_account_id = string
    labels             = optional(map(string), {})
    components = list(object({
      name                  = optional(string)
      kind                  = string
      flavor                = string
      location              = optional(string)
      allow_unauthenticated = optional(bool, false)
      dag_folder            = optional(string)
    }))
  }))
  default  = {}
  nullable = false
}

variable "names" {
  description = "The names of what the environment has: see the variables of the modules that make it. Those of the pool and its provider belong to external-account."
  type = object({
    bucket                     = string
    key                        = string
    key_ring                   = string
    repository_id              = optional(string)
    service_account_id         = string
    workload_identity_pool     = optional(string)
    workload_identity_provider = optional(string)
  })
  nullable = false
}

variable "network" {
  description = "Full name of the network that Vertex AI's jobs are peered with, such as projects/123456789012/global/networks/ml. null: none."
  type        = string
  default     = null
}

variable "owner" {
  description = "Id of the environment's owner: a random id that is created once and stored beside the state. It is the label zenstrap_owner, and part of the description of resources without labels. Empty: unknown."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^([0-9a-f]{12})?$", var.owner))
    error_message = "owner must be 12 lower-case hexadecimal digits, or empty."
  }
}

variable "project_id" {
  description = "Id of the Google Cloud project. It exists already."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of every resource that has one."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]{1,2}$", var.region))
    error_message = "region must be a region such as europe-west1."
  }
}

variable "resilience" {
  description = "What the environment withstands. high_availability shows in locations, which zenstrap works out; backup_enabled keeps versions and deleted objects; compliance_mode strict: customer-managed keys, immutable tags, no service-account keys."
  type = object({
    high_availability = optional(bool, false)
    backup_enabled    = optional(bool, false)
    compliance_mode   = optional(string, "standard")
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["standard", "strict"], var.resilience.compliance_mode)
    error_message = "resilience.compliance_mode must be standard or strict."
  }
}

variable "retention" {
  description = "Retention: artifacts in days, the number of versions of a stack, and the age of the environment, such as \"72h\". The last two are passed through to the output. null: unlimited."
  type = object({
    artifact_days  = optional(number)
    stack_versions = optional(number, 3)
    ttl            = optional(string)
  })
  default  = {}
  nullable = false
}

variable "storage_class" {
  description = "Storage class of new objects: STANDARD, NEARLINE, COLDLINE or ARCHIVE."
  type        = string
  default     = "STANDARD"
  nullable    = false
}

variable "throwaway" {
  description = "Whether the bucket is deleted with everything in it."
  type        = bool
  default     = false
  nullable    = false
}
