"""Whether a request is allowed, why, and by whom it can be made: what `can` and `who` answer."""
