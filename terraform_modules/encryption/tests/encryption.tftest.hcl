# Run with `terraform test`. Nothing is made: the provider is mocked.

mock_provider "google" {}

variables {
  project  = { id = "acme-ml-prod", number = "123456789012" }
  key      = "zenml-prod"
  key_ring = "zenml-prod"
  services = {
    europe       = ["storage", "artifactregistry"]
    europe-west1 = ["aiplatform"]
  }
}

run "names_are_known_while_planning" {
  command = plan

  assert {
    condition = output.kms_keys == {
      europe       = "projects/acme-ml-prod/locations/europe/keyRings/zenml-prod/cryptoKeys/zenml-prod"
      europe-west1 = "projects/acme-ml-prod/locations/europe-west1/keyRings/zenml-prod/cryptoKeys/zenml-prod"
    }
    error_message = "There should be a key in each location."
  }
}

run "keys_rotate_and_are_granted_to_their_services_alone" {
  assert {
    condition     = alltrue([for key in google_kms_crypto_key.this : key.rotation_period == "7776000s" && key.purpose == "ENCRYPT_DECRYPT"])
    error_message = "Keys should rotate every 90 days."
  }

  assert {
    condition = { for name, grant in google_kms_crypto_key_iam_member.this : name => [grant.crypto_key_id, grant.role, grant.member] } == {
      "europe artifactregistry" = [output.kms_keys.europe, "roles/cloudkms.cryptoKeyEncrypterDecrypter", "serviceAccount:service-123456789012@gcp-sa-artifactregistry.iam.gserviceaccount.com"]
      "europe storage"          = [output.kms_keys.europe, "roles/cloudkms.cryptoKeyEncrypterDecrypter", "serviceAccount:service-123456789012@gs-project-accounts.iam.gserviceaccount.com"]
      "europe-west1 aiplatform" = [output.kms_keys.europe-west1, "roles/cloudkms.cryptoKeyEncrypterDecrypter", "serviceAccount:service-123456789012@gcp-sa-aiplatform.iam.gserviceaccount.com"]
    }
    error_message = "Each key should be granted to what encrypts with it."
  }
}

run "own_keys_take_the_place_of_made_ones" {
  variables {
    own_keys = ["projects/acme-keys/locations/europe/keyRings/ml/cryptoKeys/prod"]
  }

  assert {
    condition     = keys(google_kms_crypto_key.this) == ["europe-west1"] && keys(google_kms_key_ring.this) == ["europe-west1"]
    error_message = "Nothing should be made where a key is given."
  }

  assert {
    condition     = google_kms_crypto_key_iam_member.this["europe storage"].crypto_key_id == "projects/acme-keys/locations/europe/keyRings/ml/cryptoKeys/prod"
    error_message = "The given key should be granted."
  }
}

run "a_key_that_nothing_needs_is_not_touched" {
  command = plan

  variables {
    own_keys = ["projects/acme-keys/locations/us/keyRings/ml/cryptoKeys/prod"]
  }

  assert {
    condition     = !contains(keys(output.kms_keys), "us")
    error_message = "A location without a service should have no key."
  }
}

run "only_own_keys" {
  command = plan

  variables {
    make_keys = false
    own_keys  = ["projects/acme-keys/locations/europe/keyRings/ml/cryptoKeys/prod"]
  }

  assert {
    condition     = length(google_kms_crypto_key.this) == 0 && keys(output.kms_keys) == ["europe"]
    error_message = "No key should be made."
  }
}

run "nothing_to_encrypt" {
  command = plan

  variables {
    services = {}
  }

  assert {
    condition     = length(output.kms_keys) == 0 && length(data.google_storage_project_service_account.this) == 0
    error_message = "Nothing should be made or read."
  }
}

run "refuses_a_wrong_key" {
  command = plan

  variables {
    key = "zenml prod"
  }

  expect_failures = [var.key]
}

run "refuses_a_wrong_key_ring" {
  command = plan

  variables {
    key_ring = ""
  }

  expect_failures = [var.key_ring]
}

run "refuses_half_a_key" {
  command = plan

  variables {
    own_keys = ["cryptoKeys/prod"]
  }

  expect_failures = [var.own_keys]
}

run "refuses_two_keys_in_a_location" {
  command = plan

  variables {
    own_keys = [
      "projects/acme-keys/locations/europe/keyRings/ml/cryptoKeys/one",
      "projects/acme-keys/locations/europe/keyRings/ml/cryptoKeys/two",
    ]
  }

  expect_failures = [var.own_keys]
}

run "refuses_to_rotate_every_day" {
  command = plan

  variables {
    rotation_days = 1
  }

  expect_failures = [var.rotation_days]
}

run "refuses_a_buckets_location" {
  command = plan

  variables {
    services = { EU = ["storage"] }
  }

  expect_failures = [var.services]
}

run "refuses_an_unknown_service" {
  command = plan

  variables {
    services = { europe = ["bigquery"] }
  }

  expect_failures = [var.services]
}
