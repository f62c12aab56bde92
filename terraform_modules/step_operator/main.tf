# What runs single steps elsewhere: no resource is needed, but the service account needs its roles.

locals {
  _roles = { vertex = { vertex = { role = "roles/aiplatform.user", condition = null } } }
}
