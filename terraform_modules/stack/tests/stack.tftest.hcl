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
  components = {
    artifact_store     = { flavor = "gcp" }
    container_registry = { flavor = "gcp" }
    orchestrator       = { flavor = "vertex" }
    step_operator      = { flavor = "vertex" }
    image_builder      = { flavor = "gcp" }
    experiment_tracker = { flavor = "vertex", location = "europe-west4" }
    deployer           = { flavor = "gcp" }
  }
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
    condition     = [for one in [output.orchestrator, output.step_operator, output.experiment_tracker, output.deployer] : one.location] == ["europe-west1", "europe-west1", "europe-west4", "europe-west1"]
    error_message = "A component without a location should be in the project's region."
  }

  assert {
    condition     = output.orchestrator.kms_key == var.kms_keys.europe-west1 && output.experiment_tracker.kms_key == null
    error_message = "A key should be that of the component's own location."
  }
}

run "roles_are_those_of_the_components" {
  assert {
    condition     = toset(keys(module.identity.roles)) == toset(["cloud_build", "cloud_run", "secret_creator", "secret_user", "vertex"])
    error_message = "Each role should be there once, and no other."
  }
}

run "the_least_stack" {
  variables {
    components        = { orchestrator = { flavor = "local" } }
    registry_location = null
    repository_id     = null
    kms_keys          = {}
  }

  assert {
    condition     = [for one in [output.container_registry, output.step_operator, output.image_builder, output.experiment_tracker, output.deployer] : one if one != null] == []
    error_message = "Nothing should be there that was not asked for."
  }

  assert {
    condition     = length(module.identity.roles) == 0 && output.orchestrator.flavor == "local"
    error_message = "The service account should have no role on the project."
  }
}

run "refuses_a_stack_without_an_orchestrator" {
  command = plan

  variables {
    components = { container_registry = { flavor = "gcp" } }
  }

  expect_failures = [var.components]
}

run "refuses_an_unknown_kind" {
  command = plan

  variables {
    components = { orchestrator = { flavor = "local" }, feature_store = { flavor = "feast" } }
  }

  expect_failures = [var.components]
}
