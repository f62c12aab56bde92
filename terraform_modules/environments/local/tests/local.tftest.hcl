# Run with `terraform test`. What is made lies below .terraform and is removed at the end.

variables {
  environment           = "local"
  ml_projects           = ["fraud_detection"]
  root                  = abspath(".terraform/root")
  zenstrap_state_serial = 0
}

run "outputs_are_known_while_planning" {
  command = plan

  assert {
    condition     = output.artifact_store.uri == "${var.root}/shared"
    error_message = "artifact_store.uri should be the shared folder."
  }

  assert {
    condition = output.ml_projects == {
      fraud_detection = { artifact_store_uri = "${var.root}/ml_projects/fraud_detection" }
    }
    error_message = "Each ML project should have a folder of its own."
  }

  assert {
    condition     = output.retention.stack_versions == 3 && output.retention.ttl == null
    error_message = "retention should be filled up with its defaults."
  }
}

run "makes_the_folders" {
  assert {
    condition = alltrue([
      for uri in [output.artifact_store.uri, output.ml_projects.fraud_detection.artifact_store_uri] :
      fileexists("${uri}/.zenstrap.json")
    ])
    error_message = "Each folder should carry its marker."
  }
}

run "refuses_a_wrong_ml_project" {
  command = plan

  variables {
    ml_projects = ["fraud-detection"]
  }

  expect_failures = [var.ml_projects]
}

run "refuses_a_retention_of_nothing" {
  command = plan

  variables {
    retention = { artifact_days = 0 }
  }

  expect_failures = [var.retention]
}

run "refuses_a_root_with_a_line_break" {
  command = plan

  variables {
    root = "/srv/one\ntwo"
  }

  expect_failures = [var.root]
}
