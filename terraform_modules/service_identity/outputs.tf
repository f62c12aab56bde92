output "account" {
  description = "E-mail address of the service account, known in the plan, available once the account exists: for resources that its roles wait for."
  value       = local._email
  depends_on  = [google_service_account.this]
}

output "email" {
  description = "E-mail address of the service account, known in the plan, available once it has its roles."
  value       = local._email

  depends_on = [
    google_service_account.this,
    google_project_iam_member.roles,
    google_service_account_iam_member.impersonator,
    google_service_account_iam_member.itself,
  ]
}

output "key" {
  description = "The key as Google issues it, base64 of a JSON document; null if none is created."
  value       = one(google_service_account_key.this[*].private_key)
  sensitive   = true
}

output "key_id" {
  description = "Full name of the key; not secret, and changes when the key is created again; null if none is created."
  value       = one(google_service_account_key.this[*].name)
}

output "roles" {
  description = "The granted roles on the project, by name."
  value       = { for name, one in google_project_iam_member.roles : name => one.role }
}
