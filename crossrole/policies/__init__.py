"""The road without CDK: `crossrole policies`."""
