variable "components" {
  description = "The experiment trackers of one service account; several may be of one flavor. vertex: Vertex AI Experiments. mlflow: an MLflow server of the user's own. location, of vertex: the region of the experiments. kms_key, of vertex: key that encrypts what is recorded; in the same location; null: Google's own key."
  type = list(object({
    name     = string
    flavor   = string
    kms_key  = optional(string)
    location = optional(string)
  }))
  nullable = false

  validation {
    condition     = alltrue([for one in var.components : contains(["vertex", "mlflow"], one.flavor)])
    error_message = "Each flavor must be vertex or mlflow."
  }

  validation {
    condition     = alltrue([for one in var.components : one.location == null || can(regex("^[a-z]+-[a-z]+[0-9]{1,2}$", one.location))])
    error_message = "Each location must be a region such as europe-west1."
  }
}

variable "uri" {
  description = "The stack's path in the artifact store, gs://BUCKET/PATH."
  type        = string
  nullable    = false
}
