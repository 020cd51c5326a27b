"""The constructs that make a cross-account grant real, and the model that they are made from."""
