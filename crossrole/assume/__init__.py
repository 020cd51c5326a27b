"""Working as a grant's role: `crossrole assume` and `profile`."""
