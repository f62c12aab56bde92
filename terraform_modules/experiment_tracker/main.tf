# What records metrics and parameters: nothing of its own has to be made.

locals {
  _roles = {
    mlflow = {} # a server of the user's own
    vertex = { vertex = { role = "roles/aiplatform.user", condition = null } }
  }
}
