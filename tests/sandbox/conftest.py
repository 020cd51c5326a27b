"""The local accounts, without CDK, once for all tests of this folder."""

from collections.abc import Iterator

import pytest

from sandbox.accounts import Accounts
from sandbox.configuration import Account
from tests.sandbox.cast import DEV, PROD, REGION, Cast, assemble


@pytest.fixture(scope="session")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    """Start the accounts and make the callers; `make test` has made .venv-sandbox."""
    dev, prod = Account(id=DEV, region=REGION), Account(id=PROD, region=REGION)
    with Accounts(state=tmp_path_factory.mktemp("accounts"), dev=dev, prod=prod) as accounts:
        yield assemble(accounts)
