variable "immutable_tags" {
  description = "Whether tags are immutable: they can't be moved or deleted."
  type        = bool
  default     = false
  nullable    = false
}

variable "keep_versions" {
  description = "How many of the most recent versions of an image are kept, tagged or not."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.keep_versions >= 1 && var.keep_versions == floor(var.keep_versions)
    error_message = "keep_versions must be a whole number of 1 or more."
  }
}

variable "kms_key" {
  description = "Key that encrypts the images; in the repository's location, with access for Artifact Registry's service agent. It can't be changed later. null: Google's own key."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key))
    error_message = "kms_key must be projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY."
  }
}

variable "labels" {
  description = "Labels of the repository."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "location" {
  description = "Location of the repository: a region, or a multi-region: europe, us or asia."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^(europe|us|asia|[a-z]+-[a-z]+[0-9]{1,2})$", var.location))
    error_message = "location must be a region such as europe-west1, or europe, us or asia."
  }
}

variable "project_id" {
  description = "Id of the Google Cloud project. Its APIs must be enabled."
  type        = string
  nullable    = false
}

variable "readers" {
  description = "E-mail addresses of service accounts that may pull, by a name of your choice."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "repository_id" {
  description = "Name of the repository in its project and location."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", var.repository_id))
    error_message = "repository_id must be 1 to 63 lower-case letters, digits and dashes, start with a letter and not end with a dash."
  }
}

variable "untagged_days" {
  description = "After how many days an image without a tag is deleted, unless it is among the most recent versions."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.untagged_days >= 1 && var.untagged_days == floor(var.untagged_days)
    error_message = "untagged_days must be a whole number of 1 or more."
  }
}

variable "writers" {
  description = "E-mail addresses of service accounts that may push and pull, by a name of your choice."
  type        = map(string)
  default     = {}
  nullable    = false
}
