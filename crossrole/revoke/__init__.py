"""Cutting off a role's live sessions, and taking it back: `crossrole revoke` and `restore`."""
