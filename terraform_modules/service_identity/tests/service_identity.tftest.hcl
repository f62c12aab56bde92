# Run with `terraform test`. Nothing is made: the provider is mocked.

mock_provider "google" {}

variables {
  project_id = "acme-ml-dev"
  account_id = "zenml-dev"
}

run "no_key_and_no_role_by_default" {
  assert {
    condition     = length(google_service_account_key.this) == 0 && output.key == null
    error_message = "There should be no key unless asked for."
  }

  assert {
    condition     = length(google_project_iam_member.roles) == 0
    error_message = "There should be no role on the project unless asked for."
  }

  assert {
    condition     = output.email == "zenml-dev@acme-ml-dev.iam.gserviceaccount.com" && output.account == output.email
    error_message = "email should be the account's address."
  }
}

run "acts_as_itself_and_nobody_else" {
  assert {
    condition = [
      google_service_account_iam_member.itself.service_account_id,
      google_service_account_iam_member.itself.role,
      google_service_account_iam_member.itself.member,
      ] == [
      "projects/acme-ml-dev/serviceAccounts/zenml-dev@acme-ml-dev.iam.gserviceaccount.com",
      "roles/iam.serviceAccountUser",
      "serviceAccount:zenml-dev@acme-ml-dev.iam.gserviceaccount.com",
    ]
    error_message = "The account should be a user of itself."
  }

  assert {
    condition     = length(google_service_account_iam_member.impersonator) == 0
    error_message = "Nobody should act as the account unless asked for."
  }
}

run "roles_with_their_conditions" {
  variables {
    roles = {
      vertex  = { role = "roles/aiplatform.user" }
      secrets = { role = "projects/acme-ml-dev/roles/secrets", condition = { title = "own", expression = "true" } }
    }
  }

  assert {
    condition     = google_project_iam_member.roles["vertex"].role == "roles/aiplatform.user" && length(google_project_iam_member.roles["vertex"].condition) == 0
    error_message = "A role without a condition should have none."
  }

  assert {
    condition     = google_project_iam_member.roles["secrets"].condition[0].expression == "true"
    error_message = "A role's condition should be kept."
  }
}

run "a_key" {
  variables {
    make_key = true
  }

  override_resource {
    target = google_service_account_key.this
    values = { private_key = "e30=" }
  }

  assert {
    condition     = output.key == "e30="
    error_message = "key should be Google's."
  }

  assert {
    condition     = issensitive(output.key)
    error_message = "key should be sensitive."
  }
}

run "an_impersonator" {
  variables {
    impersonator = "starter@acme-ml-dev.iam.gserviceaccount.com"
  }

  assert {
    condition     = google_service_account_iam_member.impersonator[0].role == "roles/iam.serviceAccountTokenCreator" && google_service_account_iam_member.impersonator[0].service_account_id == "projects/acme-ml-dev/serviceAccounts/zenml-dev@acme-ml-dev.iam.gserviceaccount.com"
    error_message = "It should be able to act as this account alone."
  }
}

run "refuses_a_wrong_account_id" {
  command = plan

  variables {
    account_id = "zenml_dev"
  }

  expect_failures = [var.account_id]
}

run "refuses_a_long_account_id" {
  command = plan

  variables {
    account_id = "zenml-dev-with-a-name-of-31-chars"
  }

  expect_failures = [var.account_id]
}

run "refuses_a_long_description" {
  command = plan

  variables {
    description = join("", [for number in range(257) : "x"])
  }

  expect_failures = [var.description]
}

run "refuses_a_person_as_impersonator" {
  command = plan

  variables {
    impersonator = "ada@acme.example"
  }

  expect_failures = [var.impersonator]
}

run "refuses_every_account_of_the_project" {
  command = plan

  variables {
    roles = { broad = { role = "roles/iam.serviceAccountTokenCreator" } }
  }

  expect_failures = [var.roles]
}

run "refuses_every_bucket_of_the_project" {
  command = plan

  variables {
    roles = { broad = { role = "roles/storage.admin" } }
  }

  expect_failures = [var.roles]
}
