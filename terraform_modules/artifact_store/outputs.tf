output "bucket" {
  description = "Name of the bucket, known while planning, there once the bucket is."
  value       = var.name
  depends_on  = [google_storage_bucket.this]
}

output "location" {
  description = "Location of the bucket, in upper case as Google writes it."
  value       = upper(var.location)
  depends_on  = [google_storage_bucket.this]
}
