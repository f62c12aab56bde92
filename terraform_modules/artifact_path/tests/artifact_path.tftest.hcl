# Run with `terraform test`. Nothing is made: the provider is mocked. What the condition lets in and
# keeps out is tested against a Cloud Storage double that evaluates it.

mock_provider "google" {}

variables {
  bucket          = "acme-ml-dev-zenml-dev"
  path            = "ml_projects/fraud"
  service_account = "zenml-dev-fraud@acme-ml-dev.iam.gserviceaccount.com"
}

run "one_account_one_path" {
  assert {
    condition     = google_storage_bucket_iam_member.objects.role == "roles/storage.objectUser" && length(google_storage_bucket_iam_member.objects.condition) == 1
    error_message = "Objects should be opened with a condition."
  }

  assert {
    condition     = google_storage_bucket_iam_member.bucket.role == "roles/storage.bucketViewer" && length(google_storage_bucket_iam_member.bucket.condition) == 0
    error_message = "The bucket's own settings should be readable without a condition, and nothing more."
  }

  assert {
    condition = toset([google_storage_bucket_iam_member.bucket.member, google_storage_bucket_iam_member.objects.member]) == toset([
      "serviceAccount:zenml-dev-fraud@acme-ml-dev.iam.gserviceaccount.com",
    ])
    error_message = "Nobody else should be let in."
  }

  assert {
    condition     = output.uri == "gs://acme-ml-dev-zenml-dev/ml_projects/fraud"
    error_message = "uri should be the path's address."
  }
}

run "the_condition_ends_at_a_slash" {
  command = plan

  assert {
    condition = alltrue([
      strcontains(google_storage_bucket_iam_member.objects.condition[0].expression, "resource.name.startsWith(\"projects/_/buckets/acme-ml-dev-zenml-dev/objects/ml_projects/fraud/\")"),
      strcontains(google_storage_bucket_iam_member.objects.condition[0].expression, ".startsWith(\"ml_projects/fraud/\")"),
      !strcontains(google_storage_bucket_iam_member.objects.condition[0].expression, "startsWith(\"projects/_/buckets/acme-ml-dev-zenml-dev/objects/ml_projects/fraud\")"),
    ])
    error_message = "A project whose name begins alike should stay outside."
  }
}

run "refuses_a_path_with_a_slash_at_its_end" {
  command = plan

  variables {
    path = "shared/"
  }

  expect_failures = [var.path]
}

run "refuses_a_path_that_would_end_the_expression" {
  command = plan

  variables {
    path = "shared\") || (\"\" == \""
  }

  expect_failures = [var.path]
}

run "refuses_a_person" {
  command = plan

  variables {
    service_account = "ada@acme.example"
  }

  expect_failures = [var.service_account]
}
