# A path in the artifact store's bucket, and the one service account that reads and writes there.

locals {
  _object = "projects/_/buckets/${var.bucket}/objects/${var.path}"

  # Conditions compare strings: the slash at the end keeps `fraud` from seeing `fraud_detection`.
  # https://cloud.google.com/storage/docs/access-control/iam#conditions
  _own = join(" || ", [
    # gcsfs asks for the object called like the path itself before it lists, and must hear "not
    # found" instead of "forbidden".
    "resource.name == \"${local._object}\"",
    "resource.name.startsWith(\"${local._object}/\")",
    # A listing is a request to the bucket, told apart by the prefix that it asks for.
    # https://cloud.google.com/iam/docs/conditions-attribute-reference#api-attributes
    "api.getAttribute(\"storage.googleapis.com/objectListPrefix\", \"\").startsWith(\"${var.path}/\")",
  ])
}

# For storage.buckets.get, which gcsfs and ZenML's connector call. legacyBucketReader would list
# all other users' objects, too.
resource "google_storage_bucket_iam_member" "bucket" {
  bucket = var.bucket
  role   = "roles/storage.bucketViewer"
  member = "serviceAccount:${var.service_account}"
}

resource "google_storage_bucket_iam_member" "objects" {
  bucket = var.bucket
  role   = "roles/storage.objectUser"
  member = "serviceAccount:${var.service_account}"

  condition {
    title       = "own_path"
    description = "Objects below ${var.path}/, and listings of them."
    expression  = local._own
  }
}
