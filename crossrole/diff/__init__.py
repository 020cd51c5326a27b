"""The access that a change of the templates opens or takes away: `crossrole diff`."""
