variable "account_id" {
  description = "Name of the service account, before the @. Custom roles and the prefix of secrets are made of it."
  type        = string
  nullable    = false
}

variable "allow_unauthenticated" {
  description = "Whether services may be open to anyone on the internet."
  type        = bool
  default     = false
  nullable    = false
}

variable "flavor" {
  description = "gcp: Cloud Run."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["gcp"], var.flavor)
    error_message = "flavor must be gcp."
  }
}

variable "kms_key" {
  description = "Key for the services' images; it lies in location. null: Google's own key."
  type        = string
  default     = null
}

variable "location" {
  description = "The region in which the services run."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]{1,2}$", var.location))
    error_message = "location must be a region such as europe-west1."
  }
}

variable "owner" {
  description = "Id of the environment's owner, for descriptions. Empty: it isn't known."
  type        = string
  default     = ""
  nullable    = false
}

variable "project" {
  description = "Id and number of the Google Cloud project. Its APIs are enabled."
  type        = object({ id = string, number = string })
  nullable    = false
}

variable "service_account" {
  description = "E-mail address of the service account that the services run as."
  type        = string
  nullable    = false
}
