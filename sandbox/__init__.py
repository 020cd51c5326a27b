"""Two AWS accounts on one machine, to try the whole path without an AWS account.

Nothing here is deployed. `python -m sandbox try` walks the path once, `python -m sandbox accounts` keeps the
accounts running, and the end-to-end tests use `sandbox.accounts.Accounts` as a context manager.
"""
