variable "key" {
  description = "Name of the new keys; the same in every location."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,63}$", var.key))
    error_message = "key must be 1 to 63 letters, digits, underscores and dashes."
  }
}

variable "key_ring" {
  description = "Name of the new key rings; the same in every location."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,63}$", var.key_ring))
    error_message = "key_ring must be 1 to 63 letters, digits, underscores and dashes."
  }
}

variable "labels" {
  description = "Labels of the keys. Key rings have none."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "make_keys" {
  description = "Whether to create a key for each location that isn't in own_keys."
  type        = bool
  default     = true
  nullable    = false
}

variable "own_keys" {
  description = "Existing keys, projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY: used in their location instead of a new key; only access to them is granted."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for key in var.own_keys : can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", key))])
    error_message = "Each of own_keys must be projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY."
  }

  validation {
    condition     = length(distinct([for key in var.own_keys : try(split("/", key)[3], key)])) == length(var.own_keys)
    error_message = "own_keys must have one key per location."
  }
}

variable "project" {
  description = "Id and number of the Google Cloud project. Its APIs must be enabled."
  type        = object({ id = string, number = string })
  nullable    = false
}

variable "rotation_days" {
  description = "After how many days a key gets a new version. What older versions encrypted stays readable."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.rotation_days >= 2 && var.rotation_days == floor(var.rotation_days)
    error_message = "rotation_days must be a whole number of 2 or more."
  }
}

variable "services" {
  description = "Which services encrypt with the key of a location (storage, artifactregistry, aiplatform, run), by location in Cloud KMS: a region, europe, us, asia, or a dual-region such as eur4."
  type        = map(set(string))
  nullable    = false

  validation {
    condition     = alltrue([for location in keys(var.services) : can(regex("^[a-z][a-z0-9-]+$", location))])
    error_message = "Each key of services must be a location of Cloud KMS, in lower case."
  }

  validation {
    condition     = length(setsubtract(flatten([for names in values(var.services) : tolist(names)]), ["storage", "artifactregistry", "aiplatform", "run"])) == 0
    error_message = "Each of services must be storage, artifactregistry, aiplatform or run."
  }
}
