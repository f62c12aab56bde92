output "uri" {
  description = "Address of the path, gs://BUCKET/PATH, once the service account may use it."
  value       = "gs://${var.bucket}/${var.path}"

  depends_on = [
    google_storage_bucket_iam_member.bucket,
    google_storage_bucket_iam_member.objects,
  ]
}
