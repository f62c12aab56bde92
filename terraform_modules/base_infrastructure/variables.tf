variable "apis" {
  description = "Google APIs beyond those that every environment and the flavors need, such as cloudkms.googleapis.com."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for api in var.apis : can(regex("^[a-z][a-z0-9-]*[.]googleapis[.]com$", api))])
    error_message = "Each of apis must be the full name of an API, such as aiplatform.googleapis.com."
  }
}

variable "environment" {
  description = "Name of the environment, equal to its file's name in configs/environments."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{0,19}$", var.environment))
    error_message = "environment must be 1 to 20 lower-case letters and digits and start with a letter."
  }
}

variable "flavors" {
  description = "The flavors of the components that are used, by kind; what they need is enabled. Those of ZenML that need nothing of Google's may be among them."
  type        = map(set(string))
  default     = {}
  nullable    = false

  validation {
    condition     = length(setsubtract(keys(var.flavors), ["artifact_store", "container_registry", "orchestrator", "step_operator", "image_builder", "experiment_tracker", "deployer"])) == 0
    error_message = "Each key of flavors must be artifact_store, container_registry, orchestrator, step_operator, image_builder, experiment_tracker or deployer."
  }
}

variable "labels" {
  description = "Labels for everything that takes labels. managed_by, environment and zenstrap_owner are added."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.labels) : can(regex("^[a-z][a-z0-9_-]{0,62}$", key))])
    error_message = "Each key of labels must be 1 to 63 lower-case letters, digits, underscores and dashes and start with a letter."
  }

  validation {
    condition     = alltrue([for value in values(var.labels) : can(regex("^[a-z0-9_-]{0,63}$", value))])
    error_message = "Each value of labels must be at most 63 lower-case letters, digits, underscores and dashes."
  }

  validation {
    condition     = length(setsubtract(keys(var.labels), ["environment", "managed_by", "zenstrap_owner"])) <= 60
    error_message = "labels must be at most 60: Google allows 64, three are added here and one by the provider."
  }
}

variable "owner" {
  description = "Id of the environment's owner, for the label zenstrap_owner. Empty: it isn't known."
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

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id must be 6 to 30 lower-case letters, digits and dashes, start with a letter and not end with a dash."
  }
}
