"""`crossrole diff`: the access that a change of the templates gives or takes away."""
