variable "account_id" {
  description = "Name of the service account, before the @. The custom role for SkyPilot is named after it."
  type        = string
  nullable    = false
}

variable "components" {
  description = "The orchestrators of one service account; several may be of one flavor. vertex: Vertex AI Pipelines. kubernetes: a GKE cluster that exists. vm_gcp: SkyPilot on Compute Engine. airflow: Airflow, or a Composer environment that exists. local: the machine that starts pipelines. location, of vertex and vm_gcp: the region in which pipelines run. kms_key, of vertex: key that encrypts pipeline jobs; in the same location; null: Google's own key. dag_folder, of airflow: where it finds its DAGs: the gs:// address of Composer's folder, or a folder on the machine that starts pipelines; null is that machine's Airflow."
  type = list(object({
    name       = string
    flavor     = string
    dag_folder = optional(string)
    kms_key    = optional(string)
    location   = optional(string)
  }))
  nullable = false

  validation {
    condition     = alltrue([for one in var.components : contains(["vertex", "kubernetes", "vm_gcp", "airflow", "local"], one.flavor)])
    error_message = "Each flavor must be vertex, kubernetes, vm_gcp, airflow or local."
  }

  validation {
    condition     = alltrue([for one in var.components : one.location == null || can(regex("^[a-z]+-[a-z]+[0-9]{1,2}$", one.location))])
    error_message = "Each location must be a region such as europe-west1."
  }

  validation {
    condition     = alltrue([for one in var.components : !startswith(coalesce(one.dag_folder, "-"), "gs://") || can(regex("^gs://[a-z0-9][a-z0-9_.-]+/[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*/?$", one.dag_folder))])
    error_message = "Each dag_folder must be gs://BUCKET/FOLDER, with a folder, if it lies in a bucket."
  }

  # The address of its grants in the state doesn't name the folder. A second one would need another
  # address, and a moved block can't know which folder an environment has at the first.
  validation {
    condition     = length(distinct([for one in var.components : trimsuffix(one.dag_folder, "/") if one.flavor == "airflow" && startswith(coalesce(one.dag_folder, "-"), "gs://")])) <= 1
    error_message = "Composer orchestrators of one stack must share one dag_folder: the service account gets access to one."
  }
}

variable "network" {
  description = "vertex: full name of the network that jobs are peered with. null: none."
  type        = string
  default     = null
}

variable "owner" {
  description = "Id of the environment's owner, for descriptions of resources. Empty: unknown."
  type        = string
  default     = ""
  nullable    = false
}

variable "project" {
  description = "Id and number of the Google Cloud project. Its APIs must be enabled."
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
