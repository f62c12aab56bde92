# Run with `terraform test`. Nothing is made: the provider is mocked.

mock_provider "google" {}

variables {
  bucket          = "acme-ml-dev-zenml-dev"
  components      = [{ name = "image_builder", flavor = "gcp" }]
  path            = "shared"
  project         = { id = "acme-ml-dev", number = "123456789012" }
  repository      = { location = "europe-west1", repository_id = "zenml-dev" }
  service_account = "zenml-dev@acme-ml-dev.iam.gserviceaccount.com"
}

run "the_account_that_builds_run_as" {
  assert {
    condition     = output.components[0].service_account == "123456789012-compute@developer.gserviceaccount.com" && output.components[0].staging_uri == "gs://acme-ml-dev-zenml-dev/shared/cloud-build-contexts"
    error_message = "It should be Compute Engine's default account, and the folder ZenML's."
  }

  assert {
    condition = [google_service_account_iam_member.act_as_builder[0].service_account_id, google_service_account_iam_member.act_as_builder[0].member] == [
      "projects/acme-ml-dev/serviceAccounts/123456789012-compute@developer.gserviceaccount.com",
      "serviceAccount:zenml-dev@acme-ml-dev.iam.gserviceaccount.com",
    ]
    error_message = "Who submits builds should be allowed to act as it."
  }

  assert {
    condition     = google_storage_bucket_iam_member.build_contexts[0].role == "roles/storage.objectViewer" && google_storage_bucket_iam_member.build_contexts[0].condition[0].expression == "resource.name.startsWith(\"projects/_/buckets/acme-ml-dev-zenml-dev/objects/shared/cloud-build-contexts/\")"
    error_message = "It should read build contexts and no other object."
  }

  assert {
    condition     = google_artifact_registry_repository_iam_member.images[0].role == "roles/artifactregistry.writer"
    error_message = "It should push images."
  }

  assert {
    condition     = [for one in output.roles : one.role] == ["roles/cloudbuild.builds.editor"]
    error_message = "The service account should submit builds and no more."
  }
}

run "another_account" {
  variables {
    build_service_account = "builds@acme-ml-dev.iam.gserviceaccount.com"
  }

  assert {
    condition     = google_storage_bucket_iam_member.build_contexts[0].member == "serviceAccount:builds@acme-ml-dev.iam.gserviceaccount.com"
    error_message = "The given account should be let in."
  }
}

run "local" {
  command = plan

  variables {
    components = [{ name = "image_builder", flavor = "local" }]
    repository = null
  }

  assert {
    condition     = length(google_service_account_iam_member.act_as_builder) + length(google_storage_bucket_iam_member.build_contexts) + length(google_artifact_registry_repository_iam_member.images) + length(output.roles) == 0
    error_message = "Nothing of Google's should be needed."
  }
}

run "several" {
  variables {
    components = [
      { name = "cloud", flavor = "gcp" },
      { name = "regional", flavor = "gcp", location = "europe-west1" },
      { name = "docker", flavor = "local" },
    ]
  }

  assert {
    condition     = length(google_service_account_iam_member.act_as_builder) == 1 && keys(output.roles) == ["cloud_build"]
    error_message = "What Cloud Build needs should be there once."
  }

  assert {
    condition     = output.components[1].location == "europe-west1" && output.components[0].location == null && output.components[2].service_account == null
    error_message = "Each should have what its flavor has."
  }
}

run "refuses_an_unknown_flavor" {
  command = plan

  variables {
    components = [{ name = "image_builder", flavor = "kaniko" }]
  }

  expect_failures = [var.components]
}

run "refuses_a_person" {
  command = plan

  variables {
    build_service_account = "ada@acme.example"
  }

  expect_failures = [var.build_service_account]
}
