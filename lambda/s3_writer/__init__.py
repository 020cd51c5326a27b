"""Write objects to the production account's bucket, as the role that a grant there names."""
