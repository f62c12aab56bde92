"""Google's side of the rehearsal: what exists in the project, and the REST calls that change it."""
