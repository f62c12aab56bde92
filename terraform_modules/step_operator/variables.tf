variable "components" {
  description = "The step operators of one service account; several may be of one flavor. vertex: Vertex AI custom jobs. location: the region in which the jobs run. kms_key: key that encrypts them; in the same location; null: Google's own key."
  type = list(object({
    name     = string
    flavor   = string
    kms_key  = optional(string)
    location = string
  }))
  nullable = false

  validation {
    condition     = alltrue([for one in var.components : contains(["vertex"], one.flavor)])
    error_message = "Each flavor must be vertex."
  }

  validation {
    condition     = alltrue([for one in var.components : can(regex("^[a-z]+-[a-z]+[0-9]{1,2}$", one.location))])
    error_message = "Each location must be a region such as europe-west1."
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
