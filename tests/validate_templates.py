"""Runs AWS's own offline validator (the package cloudformation-validate) on every template below some folders.

    python validate_templates.py FOLDER...

Prints the number of templates, and the findings that are fatal or errors, which make it fail.
"""

import sys
from pathlib import Path

from cloudformation_validate import RegoEngine, Severity

WORST = {Severity.FATAL, Severity.ERROR}


def main() -> int:
    engine = RegoEngine()
    templates = [
        path
        for folder in sys.argv[1:]
        for path in sorted(Path(folder).rglob("*"))
        if path.suffix in {".json", ".yaml"}
    ]
    findings = [
        f"{path}: {finding.severity.name} {finding.rule_id}: {finding.message}"
        for path in templates
        for finding in engine.validate_template(path).diagnostics
        if finding.severity in WORST
    ]
    print(f"{len(templates)} templates")
    for finding in findings:
        print(finding)
    return 1 if findings else 0


sys.exit(main())
