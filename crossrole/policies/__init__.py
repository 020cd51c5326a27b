"""A grant without CDK: `crossrole policies`."""
