"""The findings as SARIF, which GitHub's code scanning and other tools read.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
"""

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from crossrole.lint.findings import Finding, Findings
from crossrole.lint.rules import ALL
from crossrole.unknown import legible


def sarif_of(findings: Findings, folder: Path, *, version: str) -> dict[str, Any]:
    """Return the findings as a SARIF log, with paths from where the command was called.

    `folder` is the one of the templates, `version` that of crossrole.
    """
    files = {each.template: folder / f"{each.template}.template.json" for each in (*findings.open, *findings.allowed)}
    lines = {template: _lines(file) for template, file in files.items()}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "crossrole", "version": version, "rules": _rules()}},
                "results": [
                    _result(each, files[each.template], lines[each.template])
                    for each in (*findings.open, *findings.allowed)
                ],
            }
        ],
    }


def _rules() -> list[dict[str, Any]]:
    return [
        {
            "id": each.id,
            "shortDescription": {"text": each.meaning},
            "help": {"text": f"{each.meaning} It is right to allow it where: {each.allowed_where}"},
            "helpUri": each.url,
        }
        for each in ALL
    ]


def _result(finding: Finding, file: Path, lines: Mapping[str, int]) -> dict[str, Any]:
    parts = (finding.template, finding.logical_id, finding.policy, finding.statement)
    place = legible("/".join(filter(None, parts)))
    same = hashlib.sha256(f"{place}\n{finding.rule.id}\n{finding.text}".encode()).hexdigest()
    allowed = {"kind": "inSource", "status": "accepted", "justification": finding.reason}
    return {
        "ruleId": finding.rule.id,
        "ruleIndex": ALL.index(finding.rule),
        "level": "warning",
        "message": {"text": legible(finding.text)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(os.path.relpath(file).replace(os.sep, "/"))},
                    "region": {"startLine": lines.get(finding.logical_id, 1)},
                },
                "logicalLocations": [
                    {"name": legible(finding.logical_id), "fullyQualifiedName": place, "kind": "resource"}
                ],
            }
        ],
        # GitHub tells by it which alerts are the same after a change, since the templates are not in the repository.
        "partialFingerprints": {"primaryLocationLineHash": same},
        **({"suppressions": [allowed]} if finding.reason else {}),
    }


def _lines(file: Path) -> Mapping[str, int]:
    """Return the line on which each resource of a template begins, as CDK writes it; none where it can't be read."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return {}
    found: dict[str, int] = {}
    indent = None
    for number, line in enumerate(lines, start=1):
        if indent is None:
            heading = re.match(r'( *)"Resources": \{$', line)
            indent = f"{heading[1]} " if heading else None
        elif match := re.match(rf'{indent}"([^"]+)": \{{', line):
            found.setdefault(match[1], number)
    return found
