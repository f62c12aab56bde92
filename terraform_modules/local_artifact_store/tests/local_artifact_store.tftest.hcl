# Run with `terraform test`. What is made lies below .terraform and is removed at the end.

variables {
  environment = "local"
  folder      = "ml_projects/fraud"
  incarnation = "1"
  ml_project  = "fraud"
  root        = abspath(".terraform/it's a root")
}

run "the_path_is_known_before_the_folder_is_there" {
  command = plan

  assert {
    condition     = output.folder == "${var.root}/ml_projects/fraud"
    error_message = "folder should be the path below root."
  }
}

run "makes_the_folder_with_its_marker" {
  assert {
    condition = jsondecode(file("${output.folder}/.zenstrap.json")) == {
      environment = "local"
      incarnation = "1"
      managed_by  = "zenstrap"
      ml_project  = "fraud"
    }
    error_message = "The marker should name the owner."
  }
}

run "stays_what_it_was_in_a_later_plan" {
  variables {
    incarnation = "2"
  }

  assert {
    condition     = terraform_data.folder[output.folder].triggers_replace.incarnation == "1"
    error_message = "A folder that is there should keep its incarnation."
  }
}

run "refuses_a_relative_root" {
  command = plan

  variables {
    root = "artifacts"
  }

  expect_failures = [var.root]
}

run "refuses_a_root_that_leads_elsewhere" {
  command = plan

  variables {
    root = "/srv/../etc"
  }

  expect_failures = [var.root]
}

run "refuses_the_root_of_everything" {
  command = plan

  variables {
    root = "/"
  }

  expect_failures = [var.root]
}

run "refuses_a_folder_that_leads_out" {
  command = plan

  variables {
    folder = "../shared"
  }

  expect_failures = [var.folder]
}

run "refuses_a_wrong_environment" {
  command = plan

  variables {
    environment = "Prod"
  }

  expect_failures = [var.environment]
}
