"""Whether a request is allowed, why, and who can make it: what `can` and `who` answer."""
