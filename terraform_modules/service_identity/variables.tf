variable "account_id" {
  description = "Name of the service account, before the @."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.account_id))
    error_message = "account_id must be 6 to 30 lower-case letters, digits and dashes, start with a letter and not end with a dash."
  }
}

variable "description" {
  description = "Description of the account, as shown in Google's console."
  type        = string
  default     = "Made by zenstrap."
  nullable    = false

  validation {
    condition     = length(var.description) <= 256
    error_message = "description must be at most 256 characters."
  }
}

variable "impersonator" {
  description = "E-mail address of a service account that may act as this one. null: none."
  type        = string
  default     = null

  validation {
    condition     = var.impersonator == null || can(regex("^[^@ ]+@[a-z0-9.-]+[.]gserviceaccount[.]com$", var.impersonator))
    error_message = "impersonator must be the e-mail address of a service account."
  }
}

variable "make_key" {
  description = "Create a long-lived key. Everybody who has it can act as the service account, from anywhere."
  type        = bool
  default     = false
  nullable    = false
}

variable "project_id" {
  description = "Id of the Google Cloud project. Its APIs must be enabled."
  type        = string
  nullable    = false
}

variable "roles" {
  description = "Roles on the whole project, by a name of your choice; with a condition if the service supports one."
  type = map(object({
    role      = string
    condition = optional(object({ title = string, expression = string }))
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(setintersection([for one in values(var.roles) : one.role], ["roles/owner", "roles/editor", "roles/iam.serviceAccountTokenCreator", "roles/iam.serviceAccountUser", "roles/iam.serviceAccountKeyAdmin"])) == 0
    error_message = "roles must not make the account owner or editor, or let it act as every account of the project."
  }

  validation {
    condition     = !contains([for one in values(var.roles) : one.role], "roles/storage.admin")
    error_message = "roles must not open every bucket of the project: access to a path is artifact_path's business."
  }
}
