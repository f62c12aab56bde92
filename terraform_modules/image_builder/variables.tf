variable "bucket" {
  description = "Name of the artifact store's bucket."
  type        = string
  nullable    = false
}

variable "build_service_account" {
  description = "gcp: e-mail address of the account that the project's builds run as. null: Compute Engine's default account, as in projects that began with Cloud Build after April 2024."
  type        = string
  default     = null

  validation {
    condition     = var.build_service_account == null || can(regex("^[^@ ]+@[a-z0-9.-]+[.]gserviceaccount[.]com$", var.build_service_account))
    error_message = "build_service_account must be the e-mail address of a service account."
  }
}

variable "components" {
  description = "The image builders of one stack; several may be of one flavor. gcp: Cloud Build. local: Docker on the machine that starts pipelines. location, of gcp: region of Cloud Build; null is its global endpoint."
  type = list(object({
    name     = string
    flavor   = string
    location = optional(string)
  }))
  nullable = false

  validation {
    condition     = alltrue([for one in var.components : contains(["gcp", "local"], one.flavor)])
    error_message = "Each flavor must be gcp or local."
  }
}

variable "path" {
  description = "The stack's path in the bucket, without slashes at its ends: shared or ml_projects/NAME."
  type        = string
  nullable    = false
}

variable "project" {
  description = "Id and number of the Google Cloud project. Its APIs must be enabled."
  type        = object({ id = string, number = string })
  nullable    = false
}

variable "repository" {
  description = "Location and id of the repository that images are pushed to. null: none in this stack."
  type        = object({ location = string, repository_id = string })
  default     = null
}

variable "service_account" {
  description = "E-mail address of the service account that submits builds."
  type        = string
  nullable    = false
}
