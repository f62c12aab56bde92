# Run with `terraform test`. Nothing is made.

variables {
  components      = [{ name = "step_operator", flavor = "vertex", location = "europe-west1" }]
  service_account = "zenml-dev@acme-ml-dev.iam.gserviceaccount.com"
}

run "vertex" {
  assert {
    condition = jsonencode(output.components[0]) == jsonencode({
      name            = "step_operator"
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

run "two_places" {
  variables {
    components = [
      { name = "near", flavor = "vertex", location = "europe-west1" },
      { name = "far", flavor = "vertex", location = "us-central1" },
    ]
  }

  assert {
    condition     = keys(output.roles) == ["vertex"] && output.components[*].location == ["europe-west1", "us-central1"]
    error_message = "They should share the role."
  }
}

run "refuses_an_unknown_flavor" {
  command = plan

  variables {
    components = [{ name = "step_operator", flavor = "sagemaker", location = "europe-west1" }]
  }

  expect_failures = [var.components]
}

run "refuses_a_zone" {
  command = plan

  variables {
    components = [{ name = "step_operator", flavor = "vertex", location = "europe-west1-b" }]
  }

  expect_failures = [var.components]
}
