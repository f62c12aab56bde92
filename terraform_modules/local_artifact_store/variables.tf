variable "environment" {
  description = "Name of the environment that owns the folder."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{0,19}$", var.environment))
    error_message = "environment must be 1 to 20 lower-case letters and digits and start with a letter."
  }
}

variable "folder" {
  description = "The folder to make, relative to root: a name, or several separated by a slash."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]*(/[a-z][a-z0-9_]*)*$", var.folder))
    error_message = "folder must be names of lower-case letters, digits and underscores, separated by a slash."
  }
}

variable "incarnation" {
  description = "Names the folder's new life if this plan has to make it: anything that differs from the last plan that was applied, such as the serial of the state. null: the time of the plan."
  type        = string
  default     = null

  validation {
    condition     = var.incarnation == null || can(regex("^[A-Za-z0-9:.-]+$", var.incarnation))
    error_message = "incarnation must be letters, digits, colons, dots and hyphens."
  }
}

variable "ml_project" {
  description = "Name of the ML project that owns the folder; null where all of them share it."
  type        = string
  default     = null

  validation {
    condition     = var.ml_project == null || can(regex("^[a-z][a-z0-9_]*$", var.ml_project))
    error_message = "ml_project must be lower-case letters, digits and underscores and start with a letter."
  }
}

variable "owner" {
  description = "Id of the environment's owner: a random one that is made once and kept beside the state. It stands in the marker of a folder that is made now. Empty: it isn't known."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^([0-9a-f]{12})?$", var.owner))
    error_message = "owner must be 12 lower-case hexadecimal digits, or empty."
  }
}

variable "root" {
  description = "Absolute path below which the folder is made. It is made too, and removed when nothing is left in it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("(?s)^/.*[^/]$", var.root))
    error_message = "root must be an absolute path without a slash at its end, and not / itself."
  }

  validation {
    condition     = !can(regex("(^|/)[.]{1,2}(/|$)", var.root)) && !can(regex("[[:cntrl:]]", var.root))
    error_message = "root must hold no . or .. as a part, and no line break or other control character."
  }
}
