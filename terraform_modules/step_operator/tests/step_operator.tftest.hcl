# Run with `terraform test`. Nothing is made.

variables {
  flavor          = "vertex"
  location        = "europe-west1"
  service_account = "zenml-dev@acme-ml-dev.iam.gserviceaccount.com"
}

run "vertex" {
  assert {
    condition = jsonencode(output.component) == jsonencode({
      flavor          = "vertex"
      location        = "europe-west1"
      service_account = var.service_account
      staging_uri     = null
      network         = null
      kms_key         = null
    })
    error_message = "It should tell what a custom job needs."
  }

  assert {
    condition     = [for one in output.roles : one.role] == ["roles/aiplatform.user"]
    error_message = "The service account should use Vertex AI and no more."
  }
}

run "refuses_an_unknown_flavor" {
  command = plan

  variables {
    flavor = "sagemaker"
  }

  expect_failures = [var.flavor]
}

run "refuses_a_zone" {
  command = plan

  variables {
    location = "europe-west1-b"
  }

  expect_failures = [var.location]
}
