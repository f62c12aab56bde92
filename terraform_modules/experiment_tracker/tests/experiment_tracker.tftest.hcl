# Run with `terraform test`. Nothing is made.

variables {
  flavor   = "vertex"
  location = "europe-west1"
  uri      = "gs://acme-ml-dev-zenml-dev/shared"
}

run "vertex" {
  assert {
    condition = jsonencode(output.component) == jsonencode({
      flavor      = "vertex"
      location    = "europe-west1"
      staging_uri = "gs://acme-ml-dev-zenml-dev/shared/vertex_experiments"
      kms_key     = null
    })
    error_message = "It should stage below the stack's own path."
  }

  assert {
    condition     = [for one in output.roles : one.role] == ["roles/aiplatform.user"]
    error_message = "The service account should use Vertex AI and no more."
  }
}

run "mlflow" {
  variables {
    flavor = "mlflow"
  }

  assert {
    condition     = length(output.roles) == 0 && [for value in values(output.component) : value if value != null] == ["mlflow"]
    error_message = "Nothing of Google's should be needed."
  }
}

run "refuses_an_unknown_flavor" {
  command = plan

  variables {
    flavor = "wandb"
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
