variable "base" {
  description = "What the ML project takes from its environment: bucket, project (with its APIs enabled), where its repository lies, keys by location, and labels. impersonator and make_keys: see service_identity."
  type = object({
    bucket            = string
    project           = object({ id = string, number = string, region = string })
    immutable_tags    = optional(bool, false)
    impersonator      = optional(string)
    kms_keys          = optional(map(string), {})
    labels            = optional(map(string), {})
    make_keys         = optional(bool, false)
    network           = optional(string)
    owner             = optional(string, "")
    registry_location = optional(string)
  })
  nullable = false
}

variable "components" {
  description = "All components of the ML project's stack, also those that are as the base stack's: see stack."
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

variable "labels" {
  description = "Labels of what the ML project has of its own, over the environment's. ml_project is added."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "name" {
  description = "Name of the ML project, equal to its file's name in configs/ml_projects."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]*$", var.name))
    error_message = "name must be lower-case letters, digits and underscores and start with a letter."
  }
}

variable "repository_id" {
  description = "Name of the ML project's repository. Needed with a container_registry."
  type        = string
  default     = null
}

variable "service_account_id" {
  description = "Name of the ML project's service account, before the @."
  type        = string
  nullable    = false
}
