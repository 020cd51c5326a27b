"""Everything that calls AWS and that several commands share."""
