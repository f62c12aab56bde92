# Run with `terraform test`. Nothing is made: the provider is mocked.

mock_provider "google" {}

variables {
  account_id      = "zenml-dev"
  components      = [{ name = "orchestrator", flavor = "vertex", location = "europe-west1", kms_key = "projects/acme-ml-dev/locations/europe-west1/keyRings/ring/cryptoKeys/key" }]
  network         = "projects/123456789012/global/networks/ml"
  project         = { id = "acme-ml-dev", number = "123456789012" }
  service_account = "zenml-dev@acme-ml-dev.iam.gserviceaccount.com"
  uri             = "gs://acme-ml-dev-zenml-dev/shared"
}

run "vertex" {
  command = plan

  assert {
    condition = output.components[0] == {
      name            = "orchestrator"
      flavor          = "vertex"
      location        = "europe-west1"
      service_account = var.service_account
      staging_uri     = "gs://acme-ml-dev-zenml-dev/shared/vertex_pipelines"
      network         = var.network
      kms_key         = var.components[0].kms_key
    }
    error_message = "Everything should be known while planning."
  }

  assert {
    condition     = [for one in output.roles : one.role] == ["roles/aiplatform.user"]
    error_message = "The service account should use Vertex AI and no more."
  }
}

run "kubernetes" {
  variables {
    components = [{ name = "orchestrator", flavor = "kubernetes", location = "europe-west1", kms_key = "projects/acme-ml-dev/locations/europe-west1/keyRings/ring/cryptoKeys/key" }]
  }

  assert {
    condition     = [for one in output.roles : one.role] == ["roles/container.developer"] && output.components[0].staging_uri == null && output.components[0].kms_key == null
    error_message = "The service account should work in clusters and have nothing of Vertex AI's."
  }
}

run "skypilot" {
  variables {
    components = [{ name = "orchestrator", flavor = "vm_gcp", location = "europe-west1" }]
  }

  assert {
    condition     = output.roles.skypilot.role == "projects/acme-ml-dev/roles/zenml_dev_skypilot" && google_project_iam_custom_role.skypilot[0].role_id == "zenml_dev_skypilot"
    error_message = "The role should be the custom one."
  }

  assert {
    condition     = length([for one in google_project_iam_custom_role.skypilot[0].permissions : one if strcontains(one, "setIamPolicy") || strcontains(one, "actAs") || startswith(one, "storage.")]) == 0
    error_message = "It should not change access rules, act as other accounts, or read buckets."
  }
}

run "composer" {
  variables {
    components = [{ name = "orchestrator", flavor = "airflow", dag_folder = "gs://europe-west1-airflow-1234-bucket/dags" }]
  }

  assert {
    condition     = module.dags[0].uri == "gs://europe-west1-airflow-1234-bucket/dags"
    error_message = "The service account should write into Composer's folder."
  }

  assert {
    condition     = output.components[0].staging_uri == "gs://europe-west1-airflow-1234-bucket/dags" && length(output.roles) == 0
    error_message = "It should need no role on the project."
  }
}

run "airflow_on_a_machine" {
  command = plan

  variables {
    components = [{ name = "orchestrator", flavor = "airflow", dag_folder = "/srv/airflow/dags" }]
  }

  assert {
    condition     = length(module.dags) == 0 && output.components[0].staging_uri == "/srv/airflow/dags"
    error_message = "Nothing of Google's should be needed."
  }
}

run "local" {
  command = plan

  variables {
    components = [{ name = "orchestrator", flavor = "local", location = "europe-west1" }]
  }

  assert {
    condition     = length(output.roles) == 0 && toset([for value in values(output.components[0]) : value if value != null]) == toset(["local", "orchestrator"])
    error_message = "Nothing of Google's should be needed."
  }
}

run "several" {
  variables {
    components = [
      { name = "a", flavor = "vertex", location = "europe-west1" },
      { name = "b", flavor = "vertex", location = "europe-west4" },
      { name = "c", flavor = "kubernetes" },
      { name = "d", flavor = "vm_gcp", location = "europe-west1" },
      { name = "e", flavor = "airflow", dag_folder = "gs://europe-west1-airflow-1234-bucket/dags" },
      { name = "f", flavor = "airflow", dag_folder = "gs://europe-west1-airflow-1234-bucket/dags/" },
    ]
  }

  assert {
    condition     = toset(keys(output.roles)) == toset(["kubernetes", "skypilot", "vertex"]) && length(module.dags) == 1
    error_message = "What a flavor needs should be there once."
  }

  assert {
    condition     = jsonencode({ for one in output.components : one.name => one.location }) == jsonencode({ a = "europe-west1", b = "europe-west4", c = null, d = "europe-west1", e = null, f = null })
    error_message = "Each should have its own location."
  }
}

run "refuses_two_composer_folders" {
  command = plan

  variables {
    components = [
      { name = "a", flavor = "airflow", dag_folder = "gs://europe-west1-airflow-1234-bucket/dags" },
      { name = "b", flavor = "airflow", dag_folder = "gs://europe-west1-airflow-5678-bucket/dags" },
    ]
  }

  expect_failures = [var.components]
}

run "refuses_an_unknown_flavor" {
  command = plan

  variables {
    components = [{ name = "orchestrator", flavor = "skypilot" }]
  }

  expect_failures = [var.components]
}

run "refuses_a_bucket_without_a_folder" {
  command = plan

  variables {
    components = [{ name = "orchestrator", flavor = "airflow", dag_folder = "gs://europe-west1-airflow-1234-bucket" }]
  }

  expect_failures = [var.components]
}

run "refuses_a_zone" {
  command = plan

  variables {
    components = [{ name = "orchestrator", flavor = "vertex", location = "europe-west1-b" }]
  }

  expect_failures = [var.components]
}

run "names_the_owner" {
  command = plan

  variables {
    components = [{ name = "orchestrator", flavor = "vm_gcp", location = "europe-west1" }]
    owner      = "0123456789ab"
  }

  assert {
    condition     = endswith(google_project_iam_custom_role.skypilot[0].description, "; made by zenstrap, owner 0123456789ab.")
    error_message = "The description should hold the owner's id."
  }
}
