"""What makes the files that the rehearsal runs with; nothing that runs imports it."""
