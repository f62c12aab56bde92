# Run with `terraform test`. Nothing is made: the provider is mocked.

mock_provider "google" {}

variables {
  project_id    = "acme-ml-dev"
  location      = "europe-west1"
  repository_id = "zenml-dev"
}

run "a_docker_repository" {
  assert {
    condition     = google_artifact_registry_repository.this.format == "DOCKER" && google_artifact_registry_repository.this.docker_config[0].immutable_tags == false
    error_message = "It should be a Docker repository whose tags can move."
  }

  assert {
    condition     = output.container_registry.uri == "europe-west1-docker.pkg.dev/acme-ml-dev/zenml-dev"
    error_message = "uri should be the repository's address."
  }

  assert {
    condition     = length(google_artifact_registry_repository_iam_member.readers) + length(google_artifact_registry_repository_iam_member.writers) == 0
    error_message = "Nobody should be let in unless asked for."
  }
}

run "cleans_up_what_has_no_tag" {
  command = plan

  variables {
    keep_versions = 3
    untagged_days = 2
  }

  assert {
    condition = [
      for policy in google_artifact_registry_repository.this.cleanup_policies : [policy.action, one(policy.condition).tag_state, one(policy.condition).older_than]
      if policy.action == "DELETE"
    ] == [["DELETE", "UNTAGGED", "172800s"]]
    error_message = "Only images without a tag should be deleted, after 2 days."
  }

  assert {
    condition = [
      for policy in google_artifact_registry_repository.this.cleanup_policies : one(policy.most_recent_versions).keep_count
      if policy.action == "KEEP"
    ] == [3]
    error_message = "The 3 most recent versions should be kept."
  }
}

run "strict" {
  command = plan

  variables {
    immutable_tags = true
    kms_key        = "projects/acme/locations/europe-west1/keyRings/ring/cryptoKeys/key"
  }

  assert {
    condition     = google_artifact_registry_repository.this.docker_config[0].immutable_tags && google_artifact_registry_repository.this.kms_key_name == var.kms_key
    error_message = "Tags should stay, and images be encrypted with the given key."
  }
}

run "readers_and_writers" {
  variables {
    readers = { base = "zenml-dev@acme-ml-dev.iam.gserviceaccount.com" }
    writers = { fraud = "zenml-dev-fraud@acme-ml-dev.iam.gserviceaccount.com" }
  }

  assert {
    condition     = google_artifact_registry_repository_iam_member.readers["base"].role == "roles/artifactregistry.reader" && google_artifact_registry_repository_iam_member.writers["fraud"].role == "roles/artifactregistry.writer"
    error_message = "Each should have its role on this repository."
  }
}

run "refuses_a_wrong_repository_id" {
  command = plan

  variables {
    repository_id = "zenml_dev"
  }

  expect_failures = [var.repository_id]
}

run "refuses_a_buckets_location" {
  command = plan

  variables {
    location = "EU"
  }

  expect_failures = [var.location]
}

run "refuses_to_keep_nothing" {
  command = plan

  variables {
    keep_versions = 0
  }

  expect_failures = [var.keep_versions]
}

run "refuses_to_delete_at_once" {
  command = plan

  variables {
    untagged_days = 0
  }

  expect_failures = [var.untagged_days]
}

run "refuses_half_a_key" {
  command = plan

  variables {
    kms_key = "cryptoKeys/key"
  }

  expect_failures = [var.kms_key]
}
