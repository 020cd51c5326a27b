"""The operator's command line: who can do what, and why, read from the synthesized templates."""

VERSION = "0.1.0"
"""What `crossrole --version` prints."""
