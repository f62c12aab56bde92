# Run with `terraform test`. Nothing is made.

variables {
  components = [{ name = "experiment_tracker", flavor = "vertex", location = "europe-west1" }]
  uri        = "gs://acme-ml-dev-zenml-dev/shared"
}

run "vertex" {
  assert {
    condition = jsonencode(output.components[0]) == jsonencode({
      name        = "experiment_tracker"
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
    components = [{ name = "experiment_tracker", flavor = "mlflow", location = "europe-west1" }]
  }

  assert {
    condition     = length(output.roles) == 0 && toset([for value in values(output.components[0]) : value if value != null]) == toset(["mlflow", "experiment_tracker"])
    error_message = "Nothing of Google's should be needed."
  }
}

run "both" {
  variables {
    components = [
      { name = "experiments", flavor = "vertex", location = "europe-west1" },
      { name = "server", flavor = "mlflow" },
    ]
  }

  assert {
    condition     = keys(output.roles) == ["vertex"] && output.components[0].staging_uri == "gs://acme-ml-dev-zenml-dev/shared/vertex_experiments" && output.components[1].staging_uri == null
    error_message = "Each should have what its flavor has."
  }
}

run "refuses_an_unknown_flavor" {
  command = plan

  variables {
    components = [{ name = "experiment_tracker", flavor = "wandb" }]
  }

  expect_failures = [var.components]
}

run "refuses_a_zone" {
  command = plan

  variables {
    components = [{ name = "experiment_tracker", flavor = "vertex", location = "europe-west1-b" }]
  }

  expect_failures = [var.components]
}
