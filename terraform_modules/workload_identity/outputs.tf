output "workload_identity" {
  description = "Full name of the provider, and the audience that a credential configuration names, once the identities may act as the service accounts."

  value = {
    provider = local._provider
    audience = "//iam.googleapis.com/${local._provider}"
  }

  depends_on = [
    google_iam_workload_identity_pool_provider.this,
    google_service_account_iam_member.this,
  ]
}
