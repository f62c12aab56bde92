# Run with `terraform test`. Nothing is made: the provider is mocked.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  project_id  = "acme-ml-dev"
  environment = "dev"
}

run "enables_what_every_environment_needs" {
  assert {
    condition = toset(keys(google_project_service.this)) == toset([
      "cloudresourcemanager.googleapis.com",
      "iam.googleapis.com",
      "iamcredentials.googleapis.com",
      "serviceusage.googleapis.com",
      "storage.googleapis.com",
    ])
    error_message = "These and no other APIs should be enabled."
  }

  assert {
    condition     = alltrue([for api in google_project_service.this : api.disable_on_destroy == false])
    error_message = "No API should ever be disabled."
  }

  assert {
    condition     = output.project == { id = "acme-ml-dev", number = "123456789012" }
    error_message = "project should tell id and number."
  }

  assert {
    condition     = output.prefix == "zenml-dev"
    error_message = "prefix should be that of all names."
  }
}

run "enables_what_flavors_need" {
  command = plan

  variables {
    apis = ["cloudkms.googleapis.com"]
    flavors = {
      artifact_store     = ["gcp"]
      orchestrator       = ["vertex", "local"]
      step_operator      = ["vertex"]
      experiment_tracker = ["mlflow"]
      image_builder      = ["gcp"]
    }
  }

  assert {
    condition = setsubtract(keys(google_project_service.this), [
      "cloudresourcemanager.googleapis.com",
      "iam.googleapis.com",
      "iamcredentials.googleapis.com",
      "serviceusage.googleapis.com",
      "storage.googleapis.com",
      ]) == toset([
      "aiplatform.googleapis.com",
      "cloudbuild.googleapis.com",
      "cloudkms.googleapis.com",
      "compute.googleapis.com",
    ])
    error_message = "Each API should be there that a flavor needs, and no other."
  }
}

run "labels_say_whose_it_is" {
  command = plan

  variables {
    labels = { cost_center = "ml" }
  }

  assert {
    condition     = output.labels == { cost_center = "ml", environment = "dev", managed_by = "zenstrap" }
    error_message = "managed_by and environment should be added."
  }
}

run "own_labels_cannot_be_overridden" {
  command = plan

  variables {
    labels = { managed_by = "me", environment = "prod" }
  }

  assert {
    condition     = output.labels == { environment = "dev", managed_by = "zenstrap" }
    error_message = "managed_by and environment should tell the truth."
  }
}

run "refuses_a_wrong_label_key" {
  command = plan

  variables {
    labels = { CostCenter = "ml" }
  }

  expect_failures = [var.labels]
}

run "refuses_a_wrong_label_value" {
  command = plan

  variables {
    labels = { version = "1.2.0" }
  }

  expect_failures = [var.labels]
}

run "refuses_too_many_labels" {
  command = plan

  variables {
    labels = { for number in range(63) : "label_${number}" => "x" }
  }

  expect_failures = [var.labels]
}

run "refuses_half_an_api" {
  command = plan

  variables {
    apis = ["cloudkms"]
  }

  expect_failures = [var.apis]
}

run "refuses_an_unknown_kind" {
  command = plan

  variables {
    flavors = { orchestrater = ["vertex"] }
  }

  expect_failures = [var.flavors]
}

run "refuses_a_wrong_environment" {
  command = plan

  variables {
    environment = "Prod"
  }

  expect_failures = [var.environment]
}

run "refuses_a_wrong_project_id" {
  command = plan

  variables {
    project_id = "acme-ml-dev-"
  }

  expect_failures = [var.project_id]
}

run "marks_with_the_owner" {
  command = plan

  variables {
    owner  = "0123456789ab"
    labels = { zenstrap_owner = "somebody" }
  }

  assert {
    condition     = output.labels.zenstrap_owner == "0123456789ab"
    error_message = "The label should be the owner's id, whatever the user's labels are."
  }
}

run "knows_no_owner" {
  command = plan

  assert {
    condition     = !contains(keys(output.labels), "zenstrap_owner")
    error_message = "Without an owner there should be no such label."
  }
}

run "refuses_a_wrong_owner" {
  command = plan

  variables {
    owner = "Ada"
  }

  expect_failures = [var.owner]
}
