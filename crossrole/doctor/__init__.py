"""`crossrole doctor`: checks the deployed chain, from this machine's clock to the bucket's key."""
