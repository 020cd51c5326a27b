"""The meaning of an error text: `crossrole explain`."""
