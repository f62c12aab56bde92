variable "flavor" {
  description = "vertex: Vertex AI Experiments. mlflow: an MLflow server of the user's own."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["vertex", "mlflow"], var.flavor)
    error_message = "flavor must be vertex or mlflow."
  }
}

variable "kms_key" {
  description = "vertex: key that encrypts what is recorded; it lies in location. null: Google's own key."
  type        = string
  default     = null
}

variable "location" {
  description = "vertex: the region of the experiments."
  type        = string
  default     = null

  validation {
    condition     = var.location == null || can(regex("^[a-z]+-[a-z]+[0-9]{1,2}$", var.location))
    error_message = "location must be a region such as europe-west1."
  }
}

variable "uri" {
  description = "The stack's path in the artifact store, gs://BUCKET/PATH."
  type        = string
  nullable    = false
}
