# Run with `terraform test`. Nothing is made: the provider is mocked.

mock_provider "google" {}

variables {
  account_id        = "zenml-prod"
  bucket            = "acme-ml-prod-zenml-prod"
  path              = "shared"
  project           = { id = "acme-ml-prod", number = "123456789012", region = "europe-west1" }
  registry_location = "europe"
  repository_id     = "zenml-prod"
  kms_keys = {
    europe       = "projects/acme-ml-prod/locations/europe/keyRings/ring/cryptoKeys/key"
    europe-west1 = "projects/acme-ml-prod/locations/europe-west1/keyRings/ring/cryptoKeys/key"
  }
  components = [
    { kind = "artifact_store", flavor = "gcp" },
    { kind = "container_registry", flavor = "gcp" },
    { kind = "orchestrator", flavor = "vertex" },
    { kind = "step_operator", flavor = "vertex" },
    { kind = "image_builder", flavor = "gcp" },
    { kind = "experiment_tracker", flavor = "vertex", location = "europe-west4" },
    { kind = "deployer", flavor = "gcp" },
  ]
}

run "known_while_planning" {
  command = plan

  assert {
    condition     = output.artifact_store.uri == "gs://acme-ml-prod-zenml-prod/shared" && output.service_account.email == "zenml-prod@acme-ml-prod.iam.gserviceaccount.com"
    error_message = "Path and service account should follow from the names."
  }

  assert {
    condition     = output.container_registry.uri == "europe-docker.pkg.dev/acme-ml-prod/zenml-prod"
    error_message = "The registry should follow from the names."
  }

  assert {
    condition     = jsonencode({ for one in output.components : one.kind => one.location }) == jsonencode({ deployer = "europe-west1", experiment_tracker = "europe-west4", image_builder = null, orchestrator = "europe-west1", step_operator = "europe-west1" })
    error_message = "A component without a location should be in the project's region."
  }

  assert {
    condition     = jsonencode({ for one in output.components : one.kind => one.kms_key if one.kind != "image_builder" }) == jsonencode({ deployer = var.kms_keys.europe-west1, experiment_tracker = null, orchestrator = var.kms_keys.europe-west1, step_operator = var.kms_keys.europe-west1 })
    error_message = "A key should be that of the component's own location."
  }
}

run "roles_are_those_of_the_components" {
  assert {
    condition     = toset(keys(module.identity.roles)) == toset(["cloud_build", "cloud_run", "secret_creator", "secret_user", "vertex"])
    error_message = "Each role should be there once, and no other."
  }
}

run "several_flavors_of_a_kind" {
  variables {
    components = [
      { kind = "container_registry", flavor = "gcp" },
      { kind = "orchestrator", flavor = "vertex" },
      { kind = "orchestrator", name = "elsewhere", flavor = "vertex", location = "europe-west4" },
      { kind = "orchestrator", name = "machines", flavor = "vm_gcp" },
      { kind = "image_builder", flavor = "gcp" },
      { kind = "image_builder", flavor = "local" },
      { kind = "experiment_tracker", flavor = "vertex" },
      { kind = "experiment_tracker", flavor = "mlflow" },
      { kind = "deployer", flavor = "gcp" },
      { kind = "deployer", name = "open", flavor = "gcp", allow_unauthenticated = true },
    ]
  }

  assert {
    condition     = toset(keys(module.identity.roles)) == toset(["cloud_build", "cloud_run", "secret_creator", "secret_user", "skypilot", "vertex"])
    error_message = "Each role should be there once, whoever needs it."
  }

  assert {
    condition     = module.identity.roles.cloud_run == "roles/run.admin"
    error_message = "One open deployer should be enough."
  }

  assert {
    condition = [for one in output.components : "${one.kind} ${one.name} ${one.flavor}"] == [
      "deployer deployer gcp",
      "deployer open gcp",
      "experiment_tracker experiment_tracker vertex",
      "experiment_tracker experiment_tracker mlflow",
      "image_builder image_builder gcp",
      "image_builder image_builder local",
      "orchestrator orchestrator vertex",
      "orchestrator elsewhere vertex",
      "orchestrator machines vm_gcp",
    ]
    error_message = "Each should be told, kind by kind."
  }

  assert {
    condition     = [for one in output.components : one.location if one.kind == "orchestrator"] == ["europe-west1", "europe-west4", "europe-west1"]
    error_message = "Two of one flavor may lie in two places."
  }

  assert {
    condition     = jsonencode([for one in output.components : one.kms_key if one.kind == "orchestrator"]) == jsonencode([var.kms_keys.europe-west1, null, null])
    error_message = "Each should have the key of its own location."
  }

  assert {
    condition     = length(distinct([for one in output.components : keys(one)])) == 1
    error_message = "All should have the same attributes."
  }
}

run "the_least_stack" {
  variables {
    components        = [{ kind = "orchestrator", flavor = "local" }]
    registry_location = null
    repository_id     = null
    kms_keys          = {}
  }

  assert {
    condition     = output.container_registry == null && output.components[*].name == ["orchestrator"]
    error_message = "Nothing should be there that was not asked for."
  }

  assert {
    condition     = length(module.identity.roles) == 0 && output.components[0].flavor == "local"
    error_message = "The service account should have no role on the project."
  }
}

run "refuses_a_stack_without_an_orchestrator" {
  command = plan

  variables {
    components = [{ kind = "container_registry", flavor = "gcp" }]
  }

  expect_failures = [var.components]
}

run "refuses_an_unknown_kind" {
  command = plan

  variables {
    components = [{ kind = "orchestrator", flavor = "local" }, { kind = "feature_store", flavor = "feast" }]
  }

  expect_failures = [var.components]
}

run "refuses_two_of_one_name_and_flavor" {
  command = plan

  variables {
    components = [{ kind = "orchestrator", flavor = "vertex" }, { kind = "orchestrator", flavor = "vertex", location = "europe-west4" }]
  }

  expect_failures = [var.components]
}
