output "account" {
  description = "E-mail address of the service account, known while planning, there once the account is: for what its roles wait for."
  value       = local._email
  depends_on  = [google_service_account.this]
}

output "email" {
  description = "E-mail address of the service account, known while planning, there once it has its roles."
  value       = local._email

  depends_on = [
    google_service_account.this,
    google_project_iam_member.roles,
    google_service_account_iam_member.impersonator,
    google_service_account_iam_member.itself,
  ]
}

output "key" {
  description = "The key as Google gives it, base64 of a JSON document; null where none is made."
  value       = one(google_service_account_key.this[*].private_key)
  sensitive   = true
}

output "key_id" {
  description = "Full name of the key, which is no secret and another one when the key is made anew; null where none is made."
  value       = one(google_service_account_key.this[*].name)
}

output "roles" {
  description = "The roles on the project, by the names that they were given under."
  value       = { for name, one in google_project_iam_member.roles : name => one.role }
}
