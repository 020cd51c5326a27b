"""`crossrole doctor`: looks along the deployed chain, from this machine's clock to the bucket's key."""
