variable "account_id" {
  description = "Name of the service account, before the @. Custom roles and the prefix of secrets are derived from it."
  type        = string
  nullable    = false
}

variable "components" {
  description = "The deployers of one service account; several may be of one flavor. gcp: Cloud Run. allow_unauthenticated: whether its services may be open to anyone on the internet. location: the region in which the services run. kms_key: key for their images; in the same location; null: Google's own key."
  type = list(object({
    name                  = string
    flavor                = string
    allow_unauthenticated = optional(bool, false)
    kms_key               = optional(string)
    location              = string
  }))
  nullable = false

  validation {
    condition     = alltrue([for one in var.components : contains(["gcp"], one.flavor)])
    error_message = "Each flavor must be gcp."
  }

  validation {
    condition     = alltrue([for one in var.components : can(regex("^[a-z]+-[a-z]+[0-9]{1,2}$", one.location))])
    error_message = "Each location must be a region such as europe-west1."
  }
}

variable "owner" {
  description = "Id of the environment's owner, for descriptions of resources. Empty: unknown."
  type        = string
  default     = ""
  nullable    = false
}

variable "project" {
  description = "Id and number of the Google Cloud project. Its APIs must be enabled."
  type        = object({ id = string, number = string })
  nullable    = false
}

variable "service_account" {
  description = "E-mail address of the service account that the services run as."
  type        = string
  nullable    = false
}
