# Customer-managed keys: one key ring and one key in each location in which something is
# encrypted, because Google takes a key from the thing's own location only.
#
# Google never deletes a key ring or the name of a key, and destroying a key loses all that it
# encrypted. So nothing here is ever destroyed: see prevent_destroy below.

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
    storage          = one(data.google_storage_project_service_account.this[*].email_address)
  }
  _grants = merge([
    for location, key in local._keys : {
      for service in var.services[location] : "${location} ${service}" => { key = key, agent = local._agents[service] }
    }
  ]...)
}

# Reading it makes Google create the account. The other services create theirs when their API is
# enabled, or a moment later; the provider can ask for one in its beta version only
# (google_project_service_identity).
data "google_storage_project_service_account" "this" {
  count   = contains(flatten([for names in values(var.services) : tolist(names)]), "storage") ? 1 : 0
  project = var.project.id
}

resource "google_kms_key_ring" "this" {
  for_each = local._made
  project  = var.project.id
  name     = var.key_ring
  location = each.key

  lifecycle {
    prevent_destroy = true
  }
}

# `terraform destroy` on a key destroys all its versions. Whoever takes an environment down takes
# keys and key rings out of the state before (`terraform state rm`); whoever makes it again imports
# them.
resource "google_kms_crypto_key" "this" {
  for_each        = local._made
  name            = var.key
  key_ring        = google_kms_key_ring.this[each.key].id
  purpose         = "ENCRYPT_DECRYPT"
  rotation_period = "${var.rotation_days * 24 * 60 * 60}s"
  labels          = var.labels

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_kms_crypto_key_iam_member" "this" {
  for_each      = local._grants
  crypto_key_id = each.value.key
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:${each.value.agent}"

  depends_on = [google_kms_crypto_key.this]
}
