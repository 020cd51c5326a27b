"""What an error text means: `crossrole explain`."""
