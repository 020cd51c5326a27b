"""The CDK app: access.toml in, one template for each account out."""

import sys
from pathlib import Path

# `constructs/` is a source root: as a package it would shadow the PyPI package of that name.
sys.path.append(str(Path(__file__).resolve().parent / "constructs"))

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

from stacks.access_file import AccessFileError, read_access
from stacks.assembly import add_stacks

app = App()
# Relative to the working folder, as every path that is typed on a command line.
named = app.node.try_get_context("access")
try:
    access = read_access(Path(__file__).resolve().parent / "access.toml" if named is None else Path(named))
except AccessFileError as error:
    print(error, file=sys.stderr)  # noqa: T201 a command line's own message
    sys.exit(2)
add_stacks(app, access=access)
Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))
app.synth()
