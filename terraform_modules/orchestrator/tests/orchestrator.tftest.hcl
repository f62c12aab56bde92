# Run with `terraform test`. Nothing is made: the provider is mocked.

mock_provider "google" {}

variables {
  account_id      = "zenml-dev"
  flavor          = "vertex"
  location        = "europe-west1"
  network         = "projects/123456789012/global/networks/ml"
  kms_key         = "projects/acme-ml-dev/locations/europe-west1/keyRings/ring/cryptoKeys/key"
  project         = { id = "acme-ml-dev", number = "123456789012" }
  service_account = "zenml-dev@acme-ml-dev.iam.gserviceaccount.com"
  uri             = "gs://acme-ml-dev-zenml-dev/shared"
}

run "vertex" {
  command = plan

  assert {
    condition = output.component == {
      flavor          = "vertex"
      location        = "europe-west1"
      service_account = var.service_account
      staging_uri     = "gs://acme-ml-dev-zenml-dev/shared/vertex_pipelines"
      network         = var.network
      kms_key         = var.kms_key
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
    flavor = "kubernetes"
  }

  assert {
    condition     = [for one in output.roles : one.role] == ["roles/container.developer"] && output.component.staging_uri == null && output.component.kms_key == null
    error_message = "The service account should work in clusters and have nothing of Vertex AI's."
  }
}

run "skypilot" {
  variables {
    flavor = "vm_gcp"
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
    flavor     = "airflow"
    dag_folder = "gs://europe-west1-airflow-1234-bucket/dags"
  }

  assert {
    condition     = module.dags[0].uri == "gs://europe-west1-airflow-1234-bucket/dags"
    error_message = "The service account should write into Composer's folder."
  }

  assert {
    condition     = output.component.staging_uri == "gs://europe-west1-airflow-1234-bucket/dags" && length(output.roles) == 0
    error_message = "It should need no role on the project."
  }
}

run "airflow_on_a_machine" {
  command = plan

  variables {
    flavor     = "airflow"
    dag_folder = "/srv/airflow/dags"
  }

  assert {
    condition     = length(module.dags) == 0 && output.component.staging_uri == "/srv/airflow/dags"
    error_message = "Nothing of Google's should be needed."
  }
}

run "local" {
  command = plan

  variables {
    flavor = "local"
  }

  assert {
    condition     = length(output.roles) == 0 && [for value in values(output.component) : value if value != null] == ["local"]
    error_message = "Nothing of Google's should be needed."
  }
}

run "refuses_an_unknown_flavor" {
  command = plan

  variables {
    flavor = "skypilot"
  }

  expect_failures = [var.flavor]
}

run "refuses_a_bucket_without_a_folder" {
  command = plan

  variables {
    flavor     = "airflow"
    dag_folder = "gs://europe-west1-airflow-1234-bucket"
  }

  expect_failures = [var.dag_folder]
}

run "refuses_a_zone" {
  command = plan

  variables {
    location = "europe-west1-b"
  }

  expect_failures = [var.location]
}

run "names_the_owner" {
  command = plan

  variables {
    flavor = "vm_gcp"
    owner  = "0123456789ab"
  }

  assert {
    condition     = endswith(google_project_iam_custom_role.skypilot[0].description, "; made by zenstrap, owner 0123456789ab.")
    error_message = "The description should hold the owner's id."
  }
}
