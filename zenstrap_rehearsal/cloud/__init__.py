"""Google's side of the rehearsal: the projects' resources, and the REST calls that change them."""
