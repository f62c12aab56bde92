# What runs single steps elsewhere: nothing of its own has to be made, but the service account needs its roles.

locals {
  _roles = { vertex = { vertex = { role = "roles/aiplatform.user", condition = null } } }
}
