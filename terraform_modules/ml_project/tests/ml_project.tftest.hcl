# Run with `terraform test`. Nothing is made: the provider is mocked.

mock_provider "google" {}

variables {
  name               = "fraud_detection"
  service_account_id = "zenml-prod-fraud-detection"
  repository_id      = "zenml-prod-fraud-detection"
  base = {
    bucket            = "acme-ml-prod-zenml-prod"
    project           = { id = "acme-ml-prod", number = "123456789012", region = "europe-west1" }
    labels            = { environment = "prod", stage = "prod" }
    registry_location = "europe"
    components = {
      container_registry = { flavor = "gcp" }
      orchestrator       = { flavor = "vertex" }
      image_builder      = { flavor = "gcp" }
      experiment_tracker = { flavor = "vertex" }
    }
  }
}

run "has_its_own" {
  command = plan

  assert {
    condition     = output.stack.artifact_store.uri == "gs://acme-ml-prod-zenml-prod/ml_projects/fraud_detection"
    error_message = "It should have a path of its own."
  }

  assert {
    condition     = output.stack.service_account.email == "zenml-prod-fraud-detection@acme-ml-prod.iam.gserviceaccount.com" && output.stack.orchestrator.service_account == output.stack.service_account.email
    error_message = "It should run as an account of its own."
  }

  assert {
    condition     = output.stack.container_registry.repository_id == "zenml-prod-fraud-detection"
    error_message = "It should have a repository of its own."
  }
}

run "inherits_overrides_and_leaves_out" {
  command = plan

  variables {
    overrides = {
      orchestrator       = { flavor = "vertex", location = "europe-west4" }
      step_operator      = { flavor = "vertex" }
      experiment_tracker = null
    }
  }

  assert {
    condition     = output.stack.image_builder.flavor == "gcp"
    error_message = "What isn't overridden should be the base stack's."
  }

  assert {
    condition     = output.stack.orchestrator.location == "europe-west4" && output.stack.step_operator.location == "europe-west1"
    error_message = "What is overridden or added should be the ML project's."
  }

  assert {
    condition     = output.stack.experiment_tracker == null
    error_message = "What is null should be left out."
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
