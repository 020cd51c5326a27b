"""Every rule, and what it looks at."""

from crossrole.lint import (
    acls,
    actions,
    allowed,
    conditions,
    grammar,
    keys,
    oidc,
    openness,
    permissions,
    principals,
    resources,
    sizes,
    variables,
)
from crossrole.lint.documents import Document, Resource, Statement
from crossrole.lint.rule import Description, InContext, Rule

OF_DOCUMENTS: tuple[Rule[Document], ...] = (*grammar.OF_DOCUMENTS, *keys.OF_DOCUMENTS, *sizes.OF_DOCUMENTS)
OF_DOCUMENTS_IN_CONTEXT: tuple[Rule[InContext[Document]], ...] = sizes.OF_DOCUMENTS_IN_CONTEXT
OF_STATEMENTS: tuple[Rule[Statement], ...] = (
    *grammar.OF_STATEMENTS,
    *openness.OF_STATEMENTS,
    *oidc.OF_STATEMENTS,
    *permissions.OF_STATEMENTS,
    *principals.OF_STATEMENTS,
    *actions.OF_STATEMENTS,
    *resources.OF_STATEMENTS,
    *conditions.OF_STATEMENTS,
    *variables.OF_STATEMENTS,
)
OF_STATEMENTS_IN_CONTEXT: tuple[Rule[InContext[Statement]], ...] = (
    *permissions.OF_STATEMENTS_IN_CONTEXT,
    *principals.OF_STATEMENTS_IN_CONTEXT,
)
OF_RESOURCES: tuple[Rule[Resource], ...] = (*grammar.OF_RESOURCES, *acls.OF_RESOURCES, *permissions.OF_RESOURCES)
ALL: tuple[Description, ...] = (
    *OF_DOCUMENTS,
    *OF_DOCUMENTS_IN_CONTEXT,
    *OF_STATEMENTS,
    *OF_STATEMENTS_IN_CONTEXT,
    *OF_RESOURCES,
    allowed.INVALID,
    allowed.UNNEEDED,
)
"""In the order in which the documentation lists them."""
