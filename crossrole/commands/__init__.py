"""The commands, one module each: its options, its exit status, and how it prints its result."""
