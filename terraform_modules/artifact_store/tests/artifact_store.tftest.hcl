# Run with `terraform test`. Nothing is made: the provider is mocked.

mock_provider "google" {}

variables {
  project_id = "acme-ml-dev"
  name       = "acme-ml-dev-zenml-dev"
  location   = "europe-west1"
}

run "closed_by_default" {
  assert {
    condition     = google_storage_bucket.this.uniform_bucket_level_access && google_storage_bucket.this.public_access_prevention == "enforced"
    error_message = "Access should be IAM's alone, and never public."
  }

  assert {
    condition     = google_storage_bucket.this.force_destroy == false
    error_message = "A full bucket should not be deletable."
  }

  assert {
    condition     = output.bucket == "acme-ml-dev-zenml-dev" && output.location == "EUROPE-WEST1"
    error_message = "bucket and location should be as Google writes them."
  }
}

run "keeps_nothing_that_was_not_asked_for" {
  command = plan

  assert {
    condition     = google_storage_bucket.this.versioning[0].enabled == false && google_storage_bucket.this.soft_delete_policy[0].retention_duration_seconds == 0
    error_message = "Without backups nothing should be kept."
  }

  assert {
    condition     = [for rule in google_storage_bucket.this.lifecycle_rule : one(rule.action).type] == ["AbortIncompleteMultipartUpload"]
    error_message = "Nothing should be deleted by age unless asked for."
  }

  assert {
    condition     = length(google_storage_bucket.this.encryption) == 0
    error_message = "Without a key of the customer's, Google's own should be used."
  }
}

run "backups" {
  command = plan

  variables {
    backup_enabled = true
  }

  assert {
    condition     = google_storage_bucket.this.versioning[0].enabled && google_storage_bucket.this.soft_delete_policy[0].retention_duration_seconds == 7 * 24 * 60 * 60
    error_message = "Versions should be kept, and deleted objects for 7 days."
  }

  assert {
    condition     = [for rule in google_storage_bucket.this.lifecycle_rule : one(rule.condition).days_since_noncurrent_time if one(rule.condition).with_state == "ARCHIVED"] == [30]
    error_message = "Old versions should go after 30 days."
  }
}

run "a_throwaway_bucket_leaves_nothing_behind" {
  command = plan

  variables {
    backup_enabled = true
    throwaway      = true
  }

  assert {
    condition     = google_storage_bucket.this.force_destroy && google_storage_bucket.this.soft_delete_policy[0].retention_duration_seconds == 0
    error_message = "It should go with everything in it, at once."
  }
}

run "age_deletes_artifacts_and_nothing_else" {
  command = plan

  variables {
    artifact_days = 30
  }

  assert {
    condition = [
      for rule in google_storage_bucket.this.lifecycle_rule : one(rule.condition).matches_prefix
      if one(rule.action).type == "Delete" && one(rule.condition).age == 30 && one(rule.condition).with_state == "LIVE"
    ] == [tolist(["shared/", "ml_projects/"])]
    error_message = "Only what lies below shared/ and ml_projects/ should be deleted by age."
  }
}

run "a_key_of_the_customers" {
  command = plan

  variables {
    kms_key = "projects/acme/locations/europe/keyRings/ring/cryptoKeys/key"
  }

  assert {
    condition     = google_storage_bucket.this.encryption[0].default_kms_key_name == var.kms_key
    error_message = "New objects should be encrypted with the given key."
  }
}

run "refuses_a_name_with_capitals" {
  command = plan

  variables {
    name = "Acme"
  }

  expect_failures = [var.name]
}

run "refuses_a_name_that_google_reserves" {
  command = plan

  variables {
    name = "my-google-bucket"
  }

  expect_failures = [var.name]
}

run "refuses_an_age_of_nothing" {
  command = plan

  variables {
    artifact_days = 0
  }

  expect_failures = [var.artifact_days]
}

run "refuses_half_a_day" {
  command = plan

  variables {
    artifact_days = 1.5
  }

  expect_failures = [var.artifact_days]
}

run "refuses_half_a_key" {
  command = plan

  variables {
    kms_key = "cryptoKeys/key"
  }

  expect_failures = [var.kms_key]
}

run "refuses_a_wrong_location" {
  command = plan

  variables {
    location = "europe west1"
  }

  expect_failures = [var.location]
}

run "refuses_a_wrong_storage_class" {
  command = plan

  variables {
    storage_class = "WARM"
  }

  expect_failures = [var.storage_class]
}
