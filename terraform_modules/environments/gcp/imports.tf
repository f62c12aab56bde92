# What Google keeps for ever, or for 30 days, and an earlier life of this environment left behind:
# zenstrap looks for it and names it in `adopt`. In the state already: nothing happens.

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
