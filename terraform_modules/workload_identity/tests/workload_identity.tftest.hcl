# Run with `terraform test`. Nothing is made: the provider is mocked.

mock_provider "google" {}

variables {
  project            = { id = "acme-ml-prod", number = "123456789012" }
  pool_id            = "zenml-prod"
  provider_id        = "zenml-prod"
  attribute          = "subject"
  values             = ["system:serviceaccount:zenml:zenml"]
  source_of_identity = { oidc_issuer = "https://oidc.acme.example" }
  service_accounts   = { base = "zenml-prod@acme-ml-prod.iam.gserviceaccount.com" }
}

run "names_are_known_while_planning" {
  command = plan

  assert {
    condition = output.workload_identity == {
      provider = "projects/123456789012/locations/global/workloadIdentityPools/zenml-prod/providers/zenml-prod"
      audience = "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/zenml-prod/providers/zenml-prod"
    }
    error_message = "Provider and audience should follow from the names."
  }
}

run "a_subject" {
  assert {
    condition     = google_iam_workload_identity_pool_provider.this[0].attribute_condition == "google.subject in [\"system:serviceaccount:zenml:zenml\"]"
    error_message = "Only that subject should get a token."
  }

  assert {
    condition     = [for one in google_service_account_iam_member.this : one.member] == ["principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/zenml-prod/subject/system:serviceaccount:zenml:zenml"]
    error_message = "Only that subject should act as the service account."
  }

  assert {
    condition     = google_iam_workload_identity_pool_provider.this[0].attribute_mapping == tomap({ "google.subject" = "assertion.sub" })
    error_message = "Nothing else should be mapped."
  }
}

run "a_claim" {
  variables {
    attribute = "repository"
    values    = ["acme/models", "acme/features"]
    service_accounts = {
      base  = "zenml-prod@acme-ml-prod.iam.gserviceaccount.com"
      fraud = "zenml-prod-fraud@acme-ml-prod.iam.gserviceaccount.com"
    }
  }

  assert {
    condition     = google_iam_workload_identity_pool_provider.this[0].attribute_condition == "attribute.repository in [\"acme/features\",\"acme/models\"]"
    error_message = "Only these repositories should get a token."
  }

  assert {
    condition     = length(google_service_account_iam_member.this) == 4 && google_service_account_iam_member.this["fraud acme/models"].member == "principalSet://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/zenml-prod/attribute.repository/acme/models"
    error_message = "Each value should be bound to each service account."
  }
}

run "an_aws_role" {
  variables {
    attribute          = "aws_role"
    values             = ["arn:aws:sts::123456789012:assumed-role/zenml"]
    source_of_identity = { aws_account = "123456789012" }
  }

  assert {
    condition     = google_iam_workload_identity_pool_provider.this[0].aws[0].account_id == "123456789012" && length(google_iam_workload_identity_pool_provider.this[0].oidc) == 0
    error_message = "The provider should be that of the AWS account."
  }

  assert {
    condition     = contains(keys(google_iam_workload_identity_pool_provider.this[0].attribute_mapping), "attribute.aws_role")
    error_message = "The role should be mapped."
  }
}

run "a_provider_that_exists" {
  variables {
    source_of_identity = { existing_provider = "projects/9/locations/global/workloadIdentityPools/theirs/providers/theirs" }
  }

  assert {
    condition     = length(google_iam_workload_identity_pool.this) + length(google_iam_workload_identity_pool_provider.this) == 0
    error_message = "No pool should be made."
  }

  assert {
    condition     = [for one in google_service_account_iam_member.this : one.member] == ["principal://iam.googleapis.com/projects/9/locations/global/workloadIdentityPools/theirs/subject/system:serviceaccount:zenml:zenml"]
    error_message = "The subject of that pool should be bound."
  }
}

run "refuses_an_attribute_that_aws_does_not_have" {
  command = plan

  variables {
    attribute          = "repository"
    source_of_identity = { aws_account = "123456789012" }
  }

  expect_failures = [google_iam_workload_identity_pool_provider.this]
}

run "refuses_nobody" {
  command = plan

  variables {
    values = []
  }

  expect_failures = [var.values]
}

run "refuses_everybody" {
  command = plan

  variables {
    values = ["*"]
  }

  expect_failures = [var.values]
}

run "refuses_an_attribute_with_its_prefix" {
  command = plan

  variables {
    attribute = "attribute.repository"
  }

  expect_failures = [var.attribute]
}

run "refuses_two_sources" {
  command = plan

  variables {
    source_of_identity = { oidc_issuer = "https://oidc.acme.example", aws_account = "123456789012" }
  }

  expect_failures = [var.source_of_identity]
}

run "refuses_half_a_provider" {
  command = plan

  variables {
    source_of_identity = { existing_provider = "projects/acme/locations/global/workloadIdentityPools/a/providers/b" }
  }

  expect_failures = [var.source_of_identity]
}

run "refuses_an_issuer_without_tls" {
  command = plan

  variables {
    source_of_identity = { oidc_issuer = "http://oidc.acme.example" }
  }

  expect_failures = [var.source_of_identity]
}

run "refuses_a_short_aws_account" {
  command = plan

  variables {
    source_of_identity = { aws_account = "123" }
  }

  expect_failures = [var.source_of_identity]
}

run "refuses_too_many_audiences" {
  command = plan

  variables {
    source_of_identity = {
      oidc_issuer = "https://oidc.acme.example"
      audiences   = [for number in range(11) : "audience-${number}"]
    }
  }

  expect_failures = [var.source_of_identity]
}

run "refuses_googles_own_pool_id" {
  command = plan

  variables {
    pool_id = "gcp-zenml"
  }

  expect_failures = [var.pool_id]
}

run "refuses_a_short_provider_id" {
  command = plan

  variables {
    provider_id = "id"
  }

  expect_failures = [var.provider_id]
}

run "names_the_owner" {
  command = plan

  variables {
    owner = "0123456789ab"
  }

  assert {
    condition     = endswith(google_iam_workload_identity_pool.this[0].description, "; made by zenstrap, owner 0123456789ab.")
    error_message = "The description should hold the owner's id."
  }
}
