"""What the local accounts leave on disk while they run."""

from typing import Any


def test_only_the_owner_reads_what_holds_a_secret(world: Any) -> None:
    """The administrators' secret stands in the config file alone, which nobody else can read or reach."""
    state = world.accounts.state
    secret = world.accounts.session("prod").get_credentials().secret_key.encode()
    holders = [path for path in state.rglob("*") if path.is_file() and secret in path.read_bytes()]

    assert [world.accounts.config_file] == holders
    assert 0o600 == world.accounts.config_file.stat().st_mode & 0o777
    assert 0o700 == state.stat().st_mode & 0o777


def test_no_log_holds_a_key_that_was_handed_out(world: Any) -> None:
    """Neither a user's secret key nor a session's token reaches a log or a template."""
    session = world.callers["exporter"]
    given = [session.get_credentials(), world.callers["alice"].get_credentials()]
    secrets = [text.encode() for each in given for text in (each.secret_key, each.token) if text]

    for path in world.accounts.logs.rglob("*"):
        content = path.read_bytes()
        assert not [secret for secret in secrets if secret in content], path
