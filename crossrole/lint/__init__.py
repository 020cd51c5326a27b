"""Whether every policy document is in order: `crossrole lint`."""
