# Run with `terraform test`. Nothing is made: the provider is mocked.

mock_provider "google" {}

variables {
  account_id      = "zenml-dev"
  components      = [{ name = "deployer", flavor = "gcp", location = "europe-west1" }]
  project         = { id = "acme-ml-dev", number = "123456789012" }
  service_account = "zenml-dev@acme-ml-dev.iam.gserviceaccount.com"
}

run "closed_by_default" {
  assert {
    condition     = output.roles.cloud_run.role == "roles/run.developer"
    error_message = "The service account should not be able to open services to everybody."
  }

  assert {
    condition     = output.roles.secret_creator.role == "projects/acme-ml-dev/roles/zenml_dev_secret_creator" && google_project_iam_custom_role.secret_creator.permissions == toset(["secretmanager.secrets.create"])
    error_message = "Creating is all that it should do with any secret."
  }
}

run "secrets_of_its_own" {
  command = plan

  assert {
    condition     = output.roles.secret_user.condition.expression == "resource.name.startsWith(\"projects/123456789012/secrets/${output.components[0].secret_name_prefix}\")"
    error_message = "The rest should be for its own secrets alone."
  }

  # ZenML makes lower-case letters, digits and single dashes of it.
  assert {
    condition     = can(regex("^zenml-[0-9a-f]{10}-$", output.components[0].secret_name_prefix))
    error_message = "The prefix should have one length and survive ZenML's own rules."
  }
}

run "open_services" {
  command = plan

  variables {
    components = [
      { name = "closed", flavor = "gcp", location = "europe-west1" },
      { name = "open", flavor = "gcp", location = "europe-west4", allow_unauthenticated = true },
    ]
  }

  assert {
    condition     = output.roles.cloud_run.role == "roles/run.admin"
    error_message = "One open deployer takes the right to change access rules."
  }
}

run "refuses_an_unknown_flavor" {
  command = plan

  variables {
    components = [{ name = "deployer", flavor = "aws", location = "europe-west1" }]
  }

  expect_failures = [var.components]
}

run "refuses_a_zone" {
  command = plan

  variables {
    components = [{ name = "deployer", flavor = "gcp", location = "europe-west1-b" }]
  }

  expect_failures = [var.components]
}

run "names_the_owner" {
  command = plan

  variables {
    owner = "0123456789ab"
  }

  assert {
    condition     = endswith(google_project_iam_custom_role.secret_user.description, "; made by zenstrap, owner 0123456789ab.")
    error_message = "The description should hold the owner's id."
  }
}
