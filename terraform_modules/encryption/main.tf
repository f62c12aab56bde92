# Customer-managed keys: one key ring and one key in each location in which something is
# encrypted, because Google only accepts a key from the resource's own location.
#
# Google never deletes a key ring or the name of a key, and destroying a key loses all that it
# encrypted. Yet there is no prevent_destroy here: it takes no variable, and with it not even the
# plan of taking the environment down could be shown. zenstrap decides from the plan instead: keys
# and rings that a plan would destroy leave the state first and stay (KEPT_TYPES in
# zenstrap/terraform/plan.py), and one that would be replaced stops the run (PROTECTED_TYPES in
# zenstrap/policy/rules.py). Before a destroy by hand, remove
# them from the state: `terraform state rm`. Creating the environment again imports them.

locals {
  _own  = { for key in var.own_keys : split("/", key)[3] => key if contains(keys(var.services), split("/", key)[3]) }
  _made = var.make_keys ? toset([for location in keys(var.services) : location if !contains(keys(local._own), location)]) : toset([])

  # From the inputs, so that they are known while planning.
  _keys = merge(local._own, {
    for location in local._made :
    location => "projects/${var.project.id}/locations/${location}/keyRings/${var.key_ring}/cryptoKeys/${var.key}"
  })

  # The accounts as which Google's services use a key.
  # https://cloud.google.com/iam/docs/service-agents
  _agents = {
    aiplatform       = "service-${var.project.number}@gcp-sa-aiplatform.iam.gserviceaccount.com"
    artifactregistry = "service-${var.project.number}@gcp-sa-artifactregistry.iam.gserviceaccount.com"
    run              = "service-${var.project.number}@serverless-robot-prod.iam.gserviceaccount.com"
    storage          = "service-${var.project.number}@gs-project-accounts.iam.gserviceaccount.com"
  }
  _grants = merge([
    for location, key in local._keys : {
      for service in var.services[location] : "${location} ${service}" => { key = key, agent = local._agents[service] }
    }
  ]...)
}

# Reading it makes Google create Cloud Storage's account; its address is known without. It waits for
# the keys, so that in a new project it isn't read before the API is enabled.
data "google_storage_project_service_account" "this" {
  count      = contains(flatten([for names in values(var.services) : tolist(names)]), "storage") ? 1 : 0
  project    = var.project.id
  depends_on = [google_kms_crypto_key.this]
}

resource "google_kms_key_ring" "this" {
  for_each = local._made
  project  = var.project.id
  name     = var.key_ring
  location = each.key
}

resource "google_kms_crypto_key" "this" {
  for_each        = local._made
  name            = var.key
  key_ring        = google_kms_key_ring.this[each.key].id
  purpose         = "ENCRYPT_DECRYPT"
  rotation_period = "${var.rotation_days * 24 * 60 * 60}s"
  labels          = var.labels
}

resource "google_kms_crypto_key_iam_member" "this" {
  for_each      = local._grants
  crypto_key_id = each.value.key
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:${each.value.agent}"

  depends_on = [
    google_kms_crypto_key.this,
    data.google_storage_project_service_account.this,
  ]
}
