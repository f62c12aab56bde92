# A bucket as ZenML artifact store: `shared/` for the base stack and `ml_projects/NAME/` for each
# ML project. Who may use which path is artifact_path's business.

locals {
  # Age deletes artifacts only; what else somebody keeps in the bucket is theirs.
  _artifacts = ["shared/", "ml_projects/"]

  # Google offers 7 to 90 days, or 0 for none. Without backups it is none: deleted objects would be
  # billed for a week, nobody could purge them, and a throw-away environment would outlive itself.
  _soft_delete_days = var.backup_enabled && !var.throwaway ? 7 : 0

  _noncurrent_days = 30
  _upload_days     = 7
}

resource "google_storage_bucket" "this" {
  project       = var.project_id
  name          = var.name
  location      = upper(var.location) # as Google returns it
  storage_class = var.storage_class
  labels        = var.labels
  force_destroy = var.throwaway

  # Access by IAM alone, and never for the public: no object can have an access list of its own.
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  versioning {
    enabled = var.backup_enabled
  }

  soft_delete_policy {
    retention_duration_seconds = local._soft_delete_days * 24 * 60 * 60
  }

  dynamic "encryption" {
    for_each = var.kms_key == null ? [] : [var.kms_key]

    content {
      default_kms_key_name = encryption.value
    }
  }

  # Parts of an upload that was cut short are billed and seen by no listing.
  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }

    condition {
      age = local._upload_days
    }
  }

  dynamic "lifecycle_rule" {
    for_each = var.backup_enabled ? [local._noncurrent_days] : []

    content {
      action {
        type = "Delete"
      }

      condition {
        days_since_noncurrent_time = lifecycle_rule.value
        with_state                 = "ARCHIVED"
      }
    }
  }

  # In a bucket with versions this makes a live object a noncurrent one, and the rule above goes on.
  dynamic "lifecycle_rule" {
    for_each = var.artifact_days == null ? [] : [var.artifact_days]

    content {
      action {
        type = "Delete"
      }

      condition {
        age            = lifecycle_rule.value
        matches_prefix = local._artifacts
        with_state     = "LIVE"
      }
    }
  }
}
