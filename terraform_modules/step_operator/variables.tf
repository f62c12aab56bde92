variable "flavor" {
  description = "vertex: Vertex AI custom jobs."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["vertex"], var.flavor)
    error_message = "flavor must be vertex."
  }
}

variable "kms_key" {
  description = "Key that encrypts the jobs; it lies in location. null: Google's own key."
  type        = string
  default     = null
}

variable "location" {
  description = "The region in which the jobs run."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]{1,2}$", var.location))
    error_message = "location must be a region such as europe-west1."
  }
}

variable "network" {
  description = "Full name of the network that jobs are peered with. null: none."
  type        = string
  default     = null
}

variable "service_account" {
  description = "E-mail address of the service account that the jobs run as."
  type        = string
  nullable    = false
}
