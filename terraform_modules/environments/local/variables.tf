variable "environment" {
  description = "Name of the environment, equal to its file's name in configs/environments."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{0,19}$", var.environment))
    error_message = "environment must be 1 to 20 lower-case letters and digits and start with a letter."
  }
}

variable "labels" {
  description = "Labels of the registrations in ZenML; passed through to the output."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "ml_projects" {
  description = "Names of the ML projects; each gets its own artifact store."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.ml_projects : can(regex("^[a-z][a-z0-9_]*$", name))])
    error_message = "Each of ml_projects must be lower-case letters, digits and underscores and start with a letter."
  }
}

variable "owner" {
  description = "Id of the environment's owner: a random id that is created once and stored beside the state. It is written to the marker files of new folders. Empty: unknown."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^([0-9a-f]{12})?$", var.owner))
    error_message = "owner must be 12 lower-case hexadecimal digits, or empty."
  }
}

variable "retention" {
  description = "Retention: artifacts in days, the number of versions of a stack, and the age of the environment, such as \"72h\"; passed through to the output. null: unlimited."
  type = object({
    artifact_days  = optional(number)
    stack_versions = optional(number, 3)
    ttl            = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = coalesce(var.retention.artifact_days, 1) >= 1
    error_message = "retention.artifact_days must be 1 or more."
  }

  validation {
    condition     = var.retention.stack_versions >= 1
    error_message = "retention.stack_versions must be 1 or more."
  }
}

variable "root" {
  description = "Absolute path of the folder for this environment's artifacts."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("(?s)^/.*[^/]$", var.root))
    error_message = "root must be an absolute path without a slash at its end, and not / itself."
  }

  validation {
    condition     = !can(regex("[[:cntrl:]]", var.root))
    error_message = "root must hold no line break or other control character."
  }
}

variable "zenstrap_state_serial" {
  description = "The state's serial, given by zenstrap, so that two plans of one state are equal. null (Terraform run by hand): the time of the plan takes its place."
  type        = number
  default     = null
}
