"""The stacks, and the reader of access.toml that they are built from."""
