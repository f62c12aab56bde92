variable "artifact_days" {
  description = "After how many days artifacts are deleted, used or not. null: never."
  type        = number
  default     = null

  validation {
    condition     = try(var.artifact_days >= 1 && var.artifact_days == floor(var.artifact_days), var.artifact_days == null)
    error_message = "artifact_days must be a whole number of 1 or more, or null."
  }
}

variable "backup_enabled" {
  description = "Keep what is overwritten or deleted: object versions for 30 days, and after that in soft delete for 7 days."
  type        = bool
  default     = false
  nullable    = false
}

variable "kms_key" {
  description = "Key that encrypts new objects; it lies in the bucket's location, and Cloud Storage's service agent may use it. null: Google's own key."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key))
    error_message = "kms_key must be projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY."
  }
}

variable "labels" {
  description = "Labels of the bucket."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "location" {
  description = "Location of the bucket: a region such as europe-west1, a dual-region such as EUR4, or a multi-region: EU, US or ASIA."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9-]{1,30}$", var.location))
    error_message = "location must be a region, a dual-region or a multi-region of Cloud Storage."
  }
}

variable "name" {
  description = "Name of the bucket, which nobody else in the world may have."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 63 lower-case letters, digits, dashes and underscores and begin and end with a letter or digit."
  }

  validation {
    condition     = !startswith(var.name, "goog") && !strcontains(var.name, "google")
    error_message = "name must not begin with goog or contain google, which Google reserves."
  }
}

variable "project_id" {
  description = "Id of the Google Cloud project. Its APIs must be enabled."
  type        = string
  nullable    = false
}

variable "storage_class" {
  description = "Storage class of new objects: STANDARD, NEARLINE, COLDLINE or ARCHIVE."
  type        = string
  default     = "STANDARD"
  nullable    = false

  validation {
    condition     = contains(["STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE"], var.storage_class)
    error_message = "storage_class must be STANDARD, NEARLINE, COLDLINE or ARCHIVE."
  }
}

variable "throwaway" {
  description = "Whether the bucket is deleted with everything in it. false: Google refuses to delete it while it holds an object."
  type        = bool
  default     = false
  nullable    = false
}
