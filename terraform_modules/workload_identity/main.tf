# Workload identity federation: an identity from outside Google acts as a service account, with no
# key. Two locks: the provider accepts only the values, and the service account grants access only to them.

locals {
  _made_by = var.owner == "" ? "made by zenstrap" : "made by zenstrap, owner ${var.owner}"

  _oidc     = var.source_of_identity.oidc_issuer
  _aws      = var.source_of_identity.aws_account
  _existing = var.source_of_identity.existing_provider

  _made     = "projects/${var.project.number}/locations/global/workloadIdentityPools/${var.pool_id}/providers/${var.provider_id}"
  _provider = coalesce(local._existing, local._made)
  _pool     = split("/providers/", local._provider)[0]

  _subject   = var.attribute == "subject"
  _attribute = local._subject ? "google.subject" : "attribute.${var.attribute}"

  # Google's own names for AWS, written out: a default of Google's would be a difference for ever.
  _aws_mapping = {
    "google.subject"        = "assertion.arn"
    "attribute.aws_account" = "assertion.account"
    "attribute.aws_role"    = "assertion.arn.contains('assumed-role') ? assertion.arn.extract('{account_arn}assumed-role/') + 'assumed-role/' + assertion.arn.extract('assumed-role/{role_name}/') : assertion.arn"
  }
  _oidc_mapping = merge(
    { "google.subject" = "assertion.sub" },
    local._subject ? {} : { (local._attribute) = "assertion.${var.attribute}" },
  )

  # jsonencode quotes as the expression language does.
  _condition = "${local._attribute} in ${jsonencode(sort(var.values))}"

  # Binding a subject names one principal, binding an attribute all who have that value.
  _members = {
    for value in var.values : value => local._subject ?
    "principal://iam.googleapis.com/${local._pool}/subject/${value}" :
    "principalSet://iam.googleapis.com/${local._pool}/${local._attribute}/${value}"
  }
  _bindings = {
    for pair in setproduct(keys(var.service_accounts), var.values) :
    "${pair[0]} ${pair[1]}" => { email = var.service_accounts[pair[0]], member = local._members[pair[1]] }
  }
}

resource "google_iam_workload_identity_pool" "this" {
  count                     = local._existing == null ? 1 : 0
  project                   = var.project.id
  workload_identity_pool_id = var.pool_id
  display_name              = var.pool_id
  description               = "Who may act as ZenML's service accounts; ${local._made_by}."
}

resource "google_iam_workload_identity_pool_provider" "this" {
  count                              = local._existing == null ? 1 : 0
  project                            = var.project.id
  workload_identity_pool_id          = google_iam_workload_identity_pool.this[0].workload_identity_pool_id
  workload_identity_pool_provider_id = var.provider_id
  display_name                       = var.provider_id
  attribute_mapping                  = local._aws == null ? local._oidc_mapping : local._aws_mapping
  attribute_condition                = local._condition

  dynamic "aws" {
    for_each = local._aws == null ? [] : [local._aws]

    content {
      account_id = aws.value
    }
  }

  dynamic "oidc" {
    for_each = local._oidc == null ? [] : [local._oidc]

    content {
      issuer_uri        = oidc.value
      allowed_audiences = var.source_of_identity.audiences
    }
  }

  lifecycle {
    precondition {
      condition     = local._aws == null || contains(["subject", "aws_role", "aws_account"], var.attribute)
      error_message = "For an AWS account, attribute must be subject, aws_role or aws_account."
    }
  }
}

resource "google_service_account_iam_member" "this" {
  for_each           = local._bindings
  service_account_id = "projects/${var.project.id}/serviceAccounts/${each.value.email}"
  role               = "roles/iam.workloadIdentityUser"
  member             = each.value.member

  depends_on = [google_iam_workload_identity_pool.this]
}
