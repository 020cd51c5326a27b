"""`crossrole doctor`: looks along the living chain, from this machine's clock to the bucket's key."""
