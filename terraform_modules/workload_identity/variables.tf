variable "attribute" {
  description = "Attribute of an identity that access is decided by: subject, or one that the provider maps. OIDC: the token's claim of that name. AWS: aws_role (arn:aws:sts::ACCOUNT:assumed-role/ROLE) or aws_account."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,99}$", var.attribute))
    error_message = "attribute must be 1 to 100 lower-case letters, digits and underscores and start with a letter."
  }
}

variable "owner" {
  description = "Id of the environment's owner, for descriptions of resources. Empty: unknown."
  type        = string
  default     = ""
  nullable    = false
}

variable "pool_id" {
  description = "Name of the pool. A deleted pool blocks its name for 30 days: use another name, or undelete and import it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9-]{4,32}$", var.pool_id)) && !startswith(var.pool_id, "gcp-")
    error_message = "pool_id must be 4 to 32 lower-case letters, digits and dashes and not begin with gcp-, which Google reserves."
  }
}

variable "project" {
  description = "Id and number of the Google Cloud project. Its APIs must be enabled."
  type        = object({ id = string, number = string })
  nullable    = false
}

variable "provider_id" {
  description = "Name of the provider in the pool."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9-]{4,32}$", var.provider_id)) && !startswith(var.provider_id, "gcp-")
    error_message = "provider_id must be 4 to 32 lower-case letters, digits and dashes and not begin with gcp-, which Google reserves."
  }
}

variable "service_accounts" {
  description = "E-mail addresses of the service accounts that the accepted identities may act as, by a name of your choice."
  type        = map(string)
  nullable    = false
}

variable "source_of_identity" {
  description = "The identity provider, exactly one of: existing_provider (its full name; no pool is created), oidc_issuer (https://...), aws_account (12 digits). audiences: accepted audiences of an OIDC token; none: the provider's own name."
  type = object({
    existing_provider = optional(string)
    oidc_issuer       = optional(string)
    aws_account       = optional(string)
    audiences         = optional(list(string))
  })
  nullable = false

  validation {
    condition     = length(compact([var.source_of_identity.existing_provider, var.source_of_identity.oidc_issuer, var.source_of_identity.aws_account])) == 1
    error_message = "source_of_identity must have exactly one of existing_provider, oidc_issuer and aws_account."
  }

  validation {
    condition     = can(regex("^projects/[0-9]+/locations/global/workloadIdentityPools/[a-z0-9-]+/providers/[a-z0-9-]+$", coalesce(var.source_of_identity.existing_provider, "projects/1/locations/global/workloadIdentityPools/none/providers/none")))
    error_message = "source_of_identity.existing_provider must be projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER."
  }

  validation {
    condition     = startswith(coalesce(var.source_of_identity.oidc_issuer, "https://"), "https://")
    error_message = "source_of_identity.oidc_issuer must be an https:// address."
  }

  validation {
    condition     = can(regex("^[0-9]{12}$", coalesce(var.source_of_identity.aws_account, "000000000000")))
    error_message = "source_of_identity.aws_account must be 12 digits."
  }

  validation {
    condition     = length(coalesce(var.source_of_identity.audiences, [])) <= 10
    error_message = "source_of_identity.audiences must be at most 10."
  }
}

variable "values" {
  description = "Accepted values of that attribute; all others are refused."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.values) > 0
    error_message = "values must not be empty: no identity would be accepted."
  }

  validation {
    condition     = alltrue([for value in var.values : length(value) >= 1 && !strcontains(value, "*")])
    error_message = "Each of values must be a complete value: wildcards aren't supported."
  }
}
