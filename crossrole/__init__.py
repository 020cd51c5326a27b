"""The operator's command line: who can do what, and why, read from the synthesized templates."""
