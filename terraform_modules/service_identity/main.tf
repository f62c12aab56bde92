# The service account of a stack: it submits jobs, and jobs run as it.

locals {
  # From the inputs, so that it is known while planning in every version of the provider.
  _email  = "${var.account_id}@${var.project_id}.iam.gserviceaccount.com"
  _id     = "projects/${var.project_id}/serviceAccounts/${local._email}"
  _member = "serviceAccount:${local._email}"
}

resource "google_service_account" "this" {
  project      = var.project_id
  account_id   = var.account_id
  display_name = var.account_id
  description  = var.description
}

resource "google_project_iam_member" "roles" {
  for_each = var.roles
  project  = var.project_id
  role     = each.value.role
  member   = local._member

  dynamic "condition" {
    for_each = each.value.condition == null ? [] : [each.value.condition]

    content {
      title      = condition.value.title
      expression = condition.value.expression
    }
  }

  depends_on = [google_service_account.this]
}

# Vertex, Cloud Run and Compute Engine ask whether the caller may act as the account that the work
# runs as, also where that is the caller itself. On this account alone: on the project it would be
# every account's power.
resource "google_service_account_iam_member" "itself" {
  service_account_id = local._id
  role               = "roles/iam.serviceAccountUser"
  member             = local._member

  depends_on = [google_service_account.this]
}

resource "google_service_account_iam_member" "impersonator" {
  count              = var.impersonator == null ? 0 : 1
  service_account_id = local._id
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = "serviceAccount:${var.impersonator}"

  depends_on = [google_service_account.this]
}

resource "google_service_account_key" "this" {
  count              = var.make_key ? 1 : 0
  service_account_id = local._id

  depends_on = [google_service_account.this]

  # The new key is created before the old one is deleted.
  lifecycle {
    create_before_destroy = true
  }
}
