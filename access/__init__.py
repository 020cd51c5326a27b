"""What access.toml says: who may do what in production."""
