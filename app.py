"""The CDK app: access.toml in, a template for each stack of each account out."""

import gc
import sys
from pathlib import Path

# `constructs/` is a source root: as a package it would shadow the PyPI package of that name.
sys.path.append(str(Path(__file__).resolve().parent / "constructs"))

# The process lives about a second; garbage collection over all the imports would take a tenth of it.
gc.disable()

from aws_cdk import App

from access.file import AccessFileError, read_access
from cross_account.writer_package import PackageError
from stacks.assembly import add_stacks, check_template_sizes
from stacks.checks import NOT_CHECKED, add_checks, checks_are_on

# Without CDK's creation traces: from Python each says only "no user code", and takes as long as its resource.
app = App(context={"aws:cdk:disable-creation-stack-traces": True}, tree_metadata=False)
# Relative to the working folder, as paths on a command line are.
named = app.node.try_get_context("access")
path = Path(__file__).resolve().parent / "access.toml" if named is None else Path(named)
try:
    access = read_access(path)
    stacks = add_stacks(app, access=access)
    if checks_are_on():
        add_checks(app, stacks)
    app.synth()
    check_template_sizes(Path(app.outdir), access=access, path=str(path))
except (AccessFileError, PackageError) as error:
    print(error, file=sys.stderr)  # noqa: T201 a command line's own message
    sys.exit(2)
if not checks_are_on():
    print(NOT_CHECKED, file=sys.stderr)  # noqa: T201 as above
