"""Development tools that generate the rehearsal's data files; the rehearsal never imports them."""
