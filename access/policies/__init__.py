"""The policies of a grant as plain data, written without CDK."""
