variable "account_id" {
  description = "Name of the stack's service account, before the @."
  type        = string
  nullable    = false
}

variable "bucket" {
  description = "Name of the bucket that all stacks share."
  type        = string
  nullable    = false
}

variable "components" {
  description = "The components that need something on Google Cloud; several may be of one kind. name: null is the kind. location: null is the project's region. Other attributes belong to some flavors: see the modules of the kinds."
  type = list(object({
    name                  = optional(string)
    kind                  = string
    flavor                = string
    location              = optional(string)
    allow_unauthenticated = optional(bool, false)
    dag_folder            = optional(string)
  }))
  nullable = false

  validation {
    condition     = length(setsubtract(var.components[*].kind, ["artifact_store", "container_registry", "orchestrator", "step_operator", "image_builder", "experiment_tracker", "deployer"])) == 0
    error_message = "Each kind must be artifact_store, container_registry, orchestrator, step_operator, image_builder, experiment_tracker or deployer."
  }

  validation {
    condition     = contains(var.components[*].kind, "orchestrator")
    error_message = "components must have an orchestrator: ZenML requires one in every stack."
  }

  validation {
    condition     = length(distinct([for one in var.components : [coalesce(one.name, one.kind), one.flavor]])) == length(var.components)
    error_message = "components must not have two with the same name and flavor: the outputs identify them by these."
  }
}

variable "description" {
  description = "Description of the service account, as shown in Google's console."
  type        = string
  default     = "Made by zenstrap."
  nullable    = false
}

variable "immutable_tags" {
  description = "Whether tags in the repository are immutable."
  type        = bool
  default     = false
  nullable    = false
}

variable "impersonator" {
  description = "E-mail address of a service account that may act as the stack's. null: none."
  type        = string
  default     = null
}

variable "kms_keys" {
  description = "Keys to encrypt with, by their location in Cloud KMS; resources in other locations are encrypted with Google's own key."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "labels" {
  description = "Labels of the repository."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "make_key" {
  description = "Create a long-lived key of the service account."
  type        = bool
  default     = false
  nullable    = false
}

variable "network" {
  description = "Full name of the network that Vertex AI's jobs are peered with. null: none."
  type        = string
  default     = null
}

variable "owner" {
  description = "Id of the environment's owner, for descriptions of resources. Empty: unknown."
  type        = string
  default     = ""
  nullable    = false
}

variable "path" {
  description = "The stack's path in the bucket, without slashes at its ends: shared or ml_projects/NAME."
  type        = string
  nullable    = false
}

variable "project" {
  description = "Id, number and region of the Google Cloud project. Its APIs must be enabled."
  type        = object({ id = string, number = string, region = string })
  nullable    = false
}

variable "registry_location" {
  description = "Location of the repository: a region, or europe, us or asia. Needed with a container_registry."
  type        = string
  default     = null
}

variable "repository_id" {
  description = "Name of the repository. Needed with a container_registry."
  type        = string
  default     = null
}
