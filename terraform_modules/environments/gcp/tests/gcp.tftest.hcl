# Run with `terraform init -backend=false` and `terraform test`. Nothing is made: the provider is
# mocked.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  environment = "prod"
  project_id  = "acme-ml-prod"
  region      = "europe-west1"
  labels      = { stage = "prod" }
  locations   = { bucket = "EU", registry = "europe" }
  resilience  = { high_availability = true, backup_enabled = true, compliance_mode = "strict" }
  retention   = { artifact_days = 365, stack_versions = 5 }

  auth = {
    method = "external-account"
    workload_identity = {
      oidc_issuer = "https://oidc.acme.example/prod"
      values      = ["system:serviceaccount:zenml:zenml"]
    }
  }

  names = {
    bucket                     = "acme-ml-prod-zenml-prod"
    key                        = "zenml-prod"
    key_ring                   = "zenml-prod"
    repository_id              = "zenml-prod"
    service_account_id         = "zenml-prod"
    workload_identity_pool     = "zenml-prod"
    workload_identity_provider = "zenml-prod"
  }

  components = [
    { kind = "artifact_store", flavor = "gcp" },
    { kind = "container_registry", flavor = "gcp" },
    { kind = "orchestrator", flavor = "vertex" },
    { kind = "step_operator", flavor = "vertex" },
    { kind = "image_builder", flavor = "gcp" },
    { kind = "experiment_tracker", flavor = "vertex" },
    { kind = "deployer", flavor = "gcp" },
  ]

  ml_projects = {
    fraud_detection = {
      service_account_id = "zenml-prod-fraud-detection"
      repository_id      = "zenml-prod-fraud-detection"
      labels             = { team = "risk" }
      components = [
        { kind = "artifact_store", flavor = "gcp" },
        { kind = "container_registry", flavor = "gcp" },
        { kind = "orchestrator", flavor = "vertex", location = "europe-west4" },
        { kind = "image_builder", flavor = "gcp" },
      ]
    }
  }
}

run "known_while_planning" {
  command = plan

  assert {
    condition     = output.artifact_store == { bucket = "acme-ml-prod-zenml-prod", location = "EU", uri = "gs://acme-ml-prod-zenml-prod/shared" }
    error_message = "The bucket should follow from the names."
  }

  assert {
    condition     = output.project == { id = "acme-ml-prod", number = "123456789012", region = "europe-west1" }
    error_message = "The project's number should be read while planning."
  }

  assert {
    condition     = output.workload_identity.audience == "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/zenml-prod/providers/zenml-prod"
    error_message = "The audience should follow from the names."
  }

  assert {
    condition     = output.labels == { environment = "prod", managed_by = "zenstrap", stage = "prod" }
    error_message = "Labels should say whose it is."
  }
}

run "strict_makes_a_key_where_something_is_encrypted" {
  command = plan

  assert {
    condition     = keys(output.encryption.kms_keys) == ["europe", "europe-west1", "europe-west4"]
    error_message = "Bucket, registry and each component's region should have a key."
  }

  assert {
    condition     = [for one in output.ml_projects.fraud_detection.components : one.kms_key if one.kind == "orchestrator"][0] == output.encryption.kms_keys.europe-west4
    error_message = "A component's key should lie where the component does."
  }
}

run "an_ml_project_has_what_it_names" {
  command = plan

  assert {
    condition     = output.ml_projects.fraud_detection.artifact_store.uri == "gs://acme-ml-prod-zenml-prod/ml_projects/fraud_detection"
    error_message = "It should have a path of its own."
  }

  assert {
    condition     = output.ml_projects.fraud_detection.components[*].kind == ["image_builder", "orchestrator"]
    error_message = "What it doesn't name it should not inherit: components is the whole set."
  }

  assert {
    condition     = toset(keys(output.ml_projects.fraud_detection)) == toset(["artifact_store", "components", "container_registry", "service_account"])
    error_message = "It should have the shape of the base stack."
  }
}

run "everything_can_be_made" {
  assert {
    condition     = length(output.service_account_keys) == 0
    error_message = "There should be no key of a service account."
  }
}

run "standard_with_keys_of_service_accounts" {
  variables {
    environment = "dev"
    auth        = { method = "service-account", make_keys = true }
    locations   = { bucket = "EUROPE-WEST1", registry = "europe-west1" }
    resilience  = {}
    throwaway   = true
  }

  assert {
    condition     = output.encryption == null && output.workload_identity == null && alltrue([for one in output.components : one.kms_key == null])
    error_message = "Nothing of strict compliance should be there."
  }

  assert {
    condition     = toset(keys(nonsensitive(output.service_account_keys))) == toset(["base", "fraud_detection"])
    error_message = "Each stack should have a key."
  }

  assert {
    condition     = toset(keys(output.service_account_key_ids)) == toset(["base", "fraud_detection"])
    error_message = "Each key should have a name."
  }

  assert {
    condition     = output.artifact_store.location == "EUROPE-WEST1"
    error_message = "The bucket should lie in the region."
  }
}

run "keys_stay_for_a_while_beside_another_method" {
  command = plan

  variables {
    auth       = { method = "implicit", make_keys = true }
    resilience = {}
  }

  assert {
    condition     = toset(keys(nonsensitive(output.service_account_keys))) == toset(["base", "fraud_detection"])
    error_message = "make_keys should decide, whatever the method is."
  }
}

run "a_key_of_the_users_own_without_strict_compliance" {
  command = plan

  variables {
    resilience = {}
    kms_keys   = { europe = "projects/acme-keys/locations/europe/keyRings/ml/cryptoKeys/prod" }
  }

  assert {
    condition     = output.encryption.kms_keys == { europe = "projects/acme-keys/locations/europe/keyRings/ml/cryptoKeys/prod" } && alltrue([for one in output.components : one.kms_key == null])
    error_message = "It should encrypt what lies there, and nothing else should be made."
  }
}

run "impersonation" {
  variables {
    auth = { method = "impersonation", source_service_account = "starter@acme-ml-prod.iam.gserviceaccount.com" }
  }

  assert {
    condition     = length(output.service_account_keys) == 0 && output.workload_identity == null
    error_message = "No key should be made, and no pool."
  }
}

run "refuses_an_unknown_method" {
  command = plan

  variables {
    auth = { method = "workload-identity" }
  }

  expect_failures = [var.auth]
}

run "refuses_external_account_without_a_source" {
  command = plan

  variables {
    auth = { method = "external-account" }
  }

  expect_failures = [var.auth]
}

run "refuses_a_key_under_another_location" {
  command = plan

  variables {
    kms_keys = { europe = "projects/acme-keys/locations/us/keyRings/ml/cryptoKeys/prod" }
  }

  expect_failures = [var.kms_keys]
}

run "refuses_a_zone" {
  command = plan

  variables {
    region = "europe-west1-b"
  }

  expect_failures = [var.region]
}

run "refuses_an_unknown_mode" {
  command = plan

  variables {
    resilience = { compliance_mode = "lax" }
  }

  expect_failures = [var.resilience]
}

run "marks_what_takes_no_labels_in_its_description" {
  command = plan

  variables {
    owner = "0123456789ab"
  }

  assert {
    condition     = output.labels.zenstrap_owner == "0123456789ab"
    error_message = "What takes labels should carry the owner's id."
  }
}

run "refuses_a_wrong_owner" {
  command = plan

  variables {
    owner = "0123456789AB"
  }

  expect_failures = [var.owner]
}
