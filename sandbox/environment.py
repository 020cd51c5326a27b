"""What a process next to the local accounts may see: pure functions, so that a test can hold them."""

from collections.abc import Mapping
from pathlib import Path

from sandbox.configuration import Account

# Anything here could lead a command to a real account, or to a certificate or proxy that 127.0.0.1 is not behind.
_FOREIGN_PREFIXES = ("AWS_", "CDK_", "BOTO_")
_FOREIGN_NAMES = frozenset(
    {
        "CURL_CA_BUNDLE",
        "NODE_EXTRA_CA_CERTS",
        "REQUESTS_CA_BUNDLE",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
        "ALL_PROXY",
        "HTTP_PROXY",
        "HTTPS_PROXY",
    }
)
# The emulator hands its own environment on to the functions that it runs, so it gets only this much.
_EMULATOR_NAMES = frozenset({"LANG", "LC_ALL", "PATH", "PYTHONDONTWRITEBYTECODE", "TZ"})


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return `environment` without what the caller has set up for AWS, certificates and proxies."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(_FOREIGN_PREFIXES) and name.upper() not in _FOREIGN_NAMES
    }


def in_the_way(environment: Mapping[str, str]) -> list[str]:
    """Return the names that a shell would have to unset for a command there to reach the local accounts."""
    foreign = environment.keys() - clean_environment(environment).keys()
    ours = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")
    return sorted(name for name in foreign - set(ours) if name.startswith("AWS_") or name.upper().endswith("_PROXY"))


def command_environment(environment: Mapping[str, str], *, config_file: Path, output: Path) -> dict[str, str]:
    """Return the environment for a command that shall see the local accounts and nothing else of AWS."""
    return clean_environment(environment) | {
        "AWS_CONFIG_FILE": str(config_file),
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
        # The CDK CLI reads each of its options from the environment too, so a command line can stay as it is
        # typed for AWS: no question without a terminal, and no clash with the person's own cdk.out.
        "CDK_REQUIRE_APPROVAL": "never",
        "CDK_OUTPUT": str(output),
        "CDK_NOTICES": "false",
        "CDK_DISABLE_VERSION_CHECK": "true",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
    }


def emulator_environment(
    environment: Mapping[str, str], *, port: int, secret: str, folder: Path, region: str
) -> dict[str, str]:
    """Return the emulator's own environment: TLS, IAM enforced, nothing written outside `folder`."""
    return {name: value for name, value in environment.items() if name in _EMULATOR_NAMES} | {
        "AUTH": "true",
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": region,
        "USE_SSL": "1",
        "MINISTACK_SSL_CERT": str(folder / "server.pem"),
        "MINISTACK_SSL_KEY": str(folder / "server.pem"),
        # For the functions: without it they would trust the system's certificates and not this one.
        "AWS_CA_BUNDLE": str(folder / "ca.pem"),
        # The secret key of a 12-digit access key; random, so another user of this machine can't come in.
        "AWS_ACCESS_KEY_ID": "SANDBOXLAUNCHER",
        "AWS_SECRET_ACCESS_KEY": secret,
        # A home without an ~/.aws: the functions' boto3 would read it.
        "HOME": str(folder / "tmp"),
        "TMPDIR": str(folder / "tmp"),
        "STATE_DIR": str(folder / "tmp"),
        "S3_DATA_DIR": str(folder / "tmp"),
        # Services that nothing here uses and that would each open a port on every address.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # It would tidy up containers of other emulators on this machine, where it finds a Docker to ask.
        "DOCKER_HOST": "unix:///nonexistent",
    }


def aws_config(accounts: Mapping[str, Account], *, endpoint_url: str, ca_bundle: Path, secret: str) -> str:
    """Return an AWS config file with a profile per account.

    The CDK CLI takes `endpoint_url` from [default] only and `ca_bundle` from the chosen profile only, so each
    is in both. [default] holds no keys: a command without `--profile` fails instead of choosing an account.
    """
    common = f"endpoint_url = {endpoint_url}\nca_bundle = {ca_bundle}\n"
    sections = [f"[default]\n{common}"]
    for profile, account in accounts.items():
        sections.append(
            f"[profile {profile}]\n{common}region = {account.region}\n"
            f"aws_access_key_id = {account.id}\naws_secret_access_key = {secret}\n"
        )
    return "\n".join(sections)
