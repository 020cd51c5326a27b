"""What the commands, the emulator and a person's shell see of AWS."""

import configparser
from pathlib import Path

from sandbox.configuration import Account
from sandbox.environment import (
    aws_config,
    clean_environment,
    command_environment,
    emulator_environment,
    in_the_way,
)

THE_CALLERS = {
    "PATH": "/bin",
    "HOME": "/home/someone",
    "AWS_PROFILE": "a-real-one",
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "AWS_CONFIG_FILE": "/home/someone/.aws/config",
    "AWS_ENDPOINT_URL": "https://elsewhere",
    "AWS_CA_BUNDLE": "/etc/other.pem",
    "CDK_DEFAULT_ACCOUNT": "999999999999",
    "REQUESTS_CA_BUNDLE": "/etc/other.pem",
    "https_proxy": "http://proxy:3128",
}
MADE_UP = "not-a-key"
ACCOUNTS: dict[str, Account] = {
    "prod": Account(id="222222222222", region="eu-west-1"),
    "dev": Account(id="111111111111", region="eu-north-1"),
}


def test_nothing_of_the_caller_reaches_a_command() -> None:
    """Keys, profiles, endpoints, certificates and proxies of the caller are gone; the rest stays."""
    assert clean_environment(THE_CALLERS) == {"PATH": "/bin", "HOME": "/home/someone"}


def test_a_command_sees_the_local_config_and_no_shared_credentials() -> None:
    """A `prod` in ~/.aws/credentials would go before the local one."""
    environment = command_environment(THE_CALLERS, config_file=Path("/here/config"), output=Path("/here/out"))

    assert environment["AWS_CONFIG_FILE"] == "/here/config"
    assert environment["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"
    assert environment["CDK_OUTPUT"] == "/here/out"
    assert "AWS_PROFILE" not in environment


def test_the_emulator_gets_no_more_than_it_needs() -> None:
    """Functions inherit its environment: neither the caller's home with its ~/.aws, nor any other variable."""
    environment = emulator_environment(
        THE_CALLERS | {"GITHUB_TOKEN": "secret"}, port=1, secret=MADE_UP, folder=Path("/run"), region="eu-west-1"
    )

    assert environment["AUTH"] == "true"
    assert environment["HOME"] == "/run/tmp"
    assert not {"GITHUB_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL", "https_proxy"} & environment.keys()


def test_each_profile_can_be_used_and_the_default_one_can_not() -> None:
    """The CDK CLI needs the endpoint in [default] and the certificate in each; [default] holds no keys."""
    text = aws_config(ACCOUNTS, endpoint_url="https://127.0.0.1:1", ca_bundle=Path("/a b/ca.pem"), secret=MADE_UP)
    config = configparser.ConfigParser()
    config.read_string(text)

    assert config.sections() == ["default", "profile prod", "profile dev"]
    assert dict(config["default"]) == {"endpoint_url": "https://127.0.0.1:1", "ca_bundle": "/a b/ca.pem"}
    assert dict(config["profile dev"]) == {
        "endpoint_url": "https://127.0.0.1:1",
        "ca_bundle": "/a b/ca.pem",
        "region": "eu-north-1",
        "aws_access_key_id": "111111111111",
        "aws_secret_access_key": MADE_UP,
    }


def test_a_shell_gets_what_to_unset() -> None:
    """Only what would keep `aws` and `cdk` from the local accounts, and not what is exported anyway."""
    assert in_the_way(THE_CALLERS) == [
        "AWS_ACCESS_KEY_ID",
        "AWS_CA_BUNDLE",
        "AWS_ENDPOINT_URL",
        "AWS_PROFILE",
        "https_proxy",
    ]
    assert in_the_way({"PATH": "/bin"}) == []
