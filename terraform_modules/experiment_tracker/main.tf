# What records metrics and parameters: no resource is needed.

locals {
  _roles = {
    mlflow = {} # a server of the user's own
    vertex = { vertex = { role = "roles/aiplatform.user", condition = null } }
  }
}
