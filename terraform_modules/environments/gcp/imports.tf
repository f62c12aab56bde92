# Resources of an earlier `up` of this environment that Google never deletes, or keeps for 30 days:
# zenstrap finds them and passes them in `adopt`. For those in the state already, nothing happens.

import {
  for_each = var.adopt.key_rings
  to       = module.encryption.google_kms_key_ring.this[each.key]
  id       = each.value
}

import {
  for_each = var.adopt.keys
  to       = module.encryption.google_kms_crypto_key.this[each.key]
  id       = each.value
}

import {
  for_each = toset(compact([var.adopt.workload_identity_pool]))
  to       = module.workload_identity[0].google_iam_workload_identity_pool.this[0]
  id       = each.value
}

import {
  for_each = toset(compact([var.adopt.workload_identity_provider]))
  to       = module.workload_identity[0].google_iam_workload_identity_pool_provider.this[0]
  id       = each.value
}

# Resources with our mark from a run that ended before Terraform could record them.

import {
  for_each = toset(compact([var.adopt.bucket]))
  to       = module.artifact_store.google_storage_bucket.this
  id       = each.value
}

import {
  for_each = toset(compact([lookup(var.adopt.stack, "service_account", null)]))
  to       = module.stack.module.identity.google_service_account.this
  id       = each.value
}

import {
  for_each = { for name, ids in var.adopt.ml_projects : name => ids.service_account if contains(keys(ids), "service_account") }
  to       = module.ml_projects[each.key].module.stack.module.identity.google_service_account.this
  id       = each.value
}

import {
  for_each = toset(compact([lookup(var.adopt.stack, "repository", null)]))
  to       = module.stack.module.container_registry[0].google_artifact_registry_repository.this
  id       = each.value
}

import {
  for_each = { for name, ids in var.adopt.ml_projects : name => ids.repository if contains(keys(ids), "repository") }
  to       = module.ml_projects[each.key].module.stack.module.container_registry[0].google_artifact_registry_repository.this
  id       = each.value
}

import {
  for_each = toset(compact([lookup(var.adopt.stack, "skypilot_role", null)]))
  to       = module.stack.module.orchestrator[0].google_project_iam_custom_role.skypilot[0]
  id       = each.value
}

import {
  for_each = { for name, ids in var.adopt.ml_projects : name => ids.skypilot_role if contains(keys(ids), "skypilot_role") }
  to       = module.ml_projects[each.key].module.stack.module.orchestrator[0].google_project_iam_custom_role.skypilot[0]
  id       = each.value
}

import {
  for_each = toset(compact([lookup(var.adopt.stack, "secret_creator_role", null)]))
  to       = module.stack.module.deployer[0].google_project_iam_custom_role.secret_creator
  id       = each.value
}

import {
  for_each = { for name, ids in var.adopt.ml_projects : name => ids.secret_creator_role if contains(keys(ids), "secret_creator_role") }
  to       = module.ml_projects[each.key].module.stack.module.deployer[0].google_project_iam_custom_role.secret_creator
  id       = each.value
}

import {
  for_each = toset(compact([lookup(var.adopt.stack, "secret_user_role", null)]))
  to       = module.stack.module.deployer[0].google_project_iam_custom_role.secret_user
  id       = each.value
}

import {
  for_each = { for name, ids in var.adopt.ml_projects : name => ids.secret_user_role if contains(keys(ids), "secret_user_role") }
  to       = module.ml_projects[each.key].module.stack.module.deployer[0].google_project_iam_custom_role.secret_user
  id       = each.value
}
