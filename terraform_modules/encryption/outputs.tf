output "kms_keys" {
  description = "Full name of the key by location, known in the plan, available once the services may use it."
  value       = local._keys
  depends_on  = [google_kms_crypto_key_iam_member.this]
}
