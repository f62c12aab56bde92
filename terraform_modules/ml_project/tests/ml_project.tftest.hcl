# Run with `terraform test`. Nothing is made: the provider is mocked.

mock_provider "google" {}

variables {
  name               = "fraud_detection"
  service_account_id = "zenml-prod-fraud-detection"
  repository_id      = "zenml-prod-fraud-detection"
  components = [
    { kind = "container_registry", flavor = "gcp" },
    { kind = "orchestrator", flavor = "vertex" },
    { kind = "image_builder", flavor = "gcp" },
    { kind = "experiment_tracker", flavor = "vertex" },
  ]
  base = {
    bucket            = "acme-ml-prod-zenml-prod"
    project           = { id = "acme-ml-prod", number = "123456789012", region = "europe-west1" }
    labels            = { environment = "prod", stage = "prod" }
    registry_location = "europe"
  }
}

run "has_its_own" {
  command = plan

  assert {
    condition     = output.stack.artifact_store.uri == "gs://acme-ml-prod-zenml-prod/ml_projects/fraud_detection"
    error_message = "It should have a path of its own."
  }

  assert {
    condition     = output.stack.service_account.email == "zenml-prod-fraud-detection@acme-ml-prod.iam.gserviceaccount.com" && [for one in output.stack.components : one.service_account if one.kind == "orchestrator"][0] == output.stack.service_account.email
    error_message = "It should run as an account of its own."
  }

  assert {
    condition     = output.stack.container_registry.repository_id == "zenml-prod-fraud-detection"
    error_message = "It should have a repository of its own."
  }
}

run "has_what_it_names" {
  command = plan

  variables {
    components = [
      { kind = "orchestrator", flavor = "vertex", location = "europe-west4" },
      { kind = "step_operator", flavor = "vertex" },
    ]
  }

  assert {
    condition     = output.stack.container_registry == null && { for one in output.stack.components : one.kind => one.location } == { orchestrator = "europe-west4", step_operator = "europe-west1" }
    error_message = "It should have its components and no other."
  }
}

run "everything_can_be_made" {
  assert {
    condition     = output.service_account_key == null
    error_message = "There should be no key unless asked for."
  }
}

run "refuses_a_name_with_a_slash" {
  command = plan

  variables {
    name = "fraud/detection"
  }

  expect_failures = [var.name]
}
