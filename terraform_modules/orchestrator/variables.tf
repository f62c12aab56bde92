variable "account_id" {
  description = "Name of the service account, before the @. The custom role for SkyPilot is named after it."
  type        = string
  nullable    = false
}

variable "dag_folder" {
  description = "airflow: where it finds its DAGs: the gs:// address of Composer's folder, or a folder on the machine that starts pipelines. null: that machine's Airflow."
  type        = string
  default     = null

  validation {
    condition     = !startswith(coalesce(var.dag_folder, "-"), "gs://") || can(regex("^gs://[a-z0-9][a-z0-9_.-]+/[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*/?$", var.dag_folder))
    error_message = "dag_folder must be gs://BUCKET/FOLDER, with a folder, if it lies in a bucket."
  }
}

variable "flavor" {
  description = "vertex: Vertex AI Pipelines. kubernetes: a GKE cluster that exists. vm_gcp: SkyPilot on Compute Engine. airflow: Airflow, or a Composer environment that exists. local: the machine that starts pipelines."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["vertex", "kubernetes", "vm_gcp", "airflow", "local"], var.flavor)
    error_message = "flavor must be vertex, kubernetes, vm_gcp, airflow or local."
  }
}

variable "kms_key" {
  description = "vertex: key that encrypts pipeline jobs; it lies in location. null: Google's own key."
  type        = string
  default     = null
}

variable "location" {
  description = "vertex, vm_gcp: the region in which pipelines run."
  type        = string
  default     = null

  validation {
    condition     = var.location == null || can(regex("^[a-z]+-[a-z]+[0-9]{1,2}$", var.location))
    error_message = "location must be a region such as europe-west1."
  }
}

variable "network" {
  description = "vertex: full name of the network that jobs are peered with. null: none."
  type        = string
  default     = null
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
  description = "E-mail address of the service account that pipelines run as."
  type        = string
  nullable    = false
}

variable "uri" {
  description = "The stack's path in the artifact store, gs://BUCKET/PATH."
  type        = string
  nullable    = false
}
