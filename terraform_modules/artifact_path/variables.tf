variable "bucket" {
  description = "Name of the artifact store's bucket."
  type        = string
  nullable    = false
}

variable "path" {
  description = "The path in the bucket, without slashes at its ends: shared or ml_projects/NAME."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$", var.path))
    error_message = "path must be names of letters, digits, underscores and dashes, separated by a slash."
  }
}

variable "service_account" {
  description = "E-mail address of the service account that the path belongs to."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[^@ ]+@[a-z0-9.-]+[.]gserviceaccount[.]com$", var.service_account))
    error_message = "service_account must be the e-mail address of a service account."
  }
}
