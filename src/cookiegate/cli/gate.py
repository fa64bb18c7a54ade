"""``cookiegate gate``: one page through the gate, bytes in and bytes out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cookiegate.cli.command import CommandError, Exit, add_format, add_policy, as_json, policy_of, printable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from cookiegate.gate.findings import Finding

NAME = "gate"
SUMMARY = "gate one HTML page, standard input to standard output"
DESCRIPTION = """\
Read an HTML page from standard input and write it to standard output as a visitor would get it who agreed
to what --granted names and to nothing else. Findings go to standard error, one line each. No banner is
inserted.
"""
EPILOG = """\
exit status: 0 nothing was held, 1 something was held, 2 usage or error

examples:
  cookiegate gate < page.html > gated.html
  cookiegate gate --granted analytics,youtube --format json < page.html > gated.html 2> findings.json
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--granted",
        action="append",
        default=[],
        metavar="IDS",
        help="purposes, means and services the visitor agreed to, comma separated; may be repeated",
    )
    add_policy(parser)
    parser.add_argument(
        "--url",
        default="https://site.example/",
        help="the page's own address, for relative references (default: https://site.example/)",
    )
    parser.add_argument(
        "--content-type",
        default="text/html; charset=utf-8",
        metavar="TYPE",
        help="the page's Content-Type header (default: text/html; charset=utf-8)",
    )
    parser.add_argument(
        "--findings", metavar="FILE", help="write the findings there instead of standard error"
    )
    add_format(parser)


def run(arguments: argparse.Namespace) -> int:
    """Gate the page. 0 when nothing was held, 1 when something was."""
    from cookiegate.gate.page import gate_html

    policy = policy_of(arguments)
    granted = [name for names in arguments.granted for name in names.split(",") if name]
    if sys.stdin is None:
        raise CommandError("gate reads the page from standard input, and there is none")
    html = sys.stdin.buffer.read()
    try:
        page = gate_html(
            html, granted=granted, policy=policy, url=arguments.url, content_type=arguments.content_type
        )
    except ValueError as error:  # an id that does not exist; the message names those that do
        raise CommandError(str(error)) from error
    sys.stdout.buffer.write(page.body)
    report = _as_json(page.findings) if arguments.format == "json" else _as_text(page.findings)
    if arguments.findings is None:
        sys.stderr.write(report)
    else:
        Path(arguments.findings).write_text(report, encoding="utf-8")
    return Exit.NOTHING if all(finding.allowed for finding in page.findings) else Exit.FINDINGS


def _as_text(findings: Sequence[Finding]) -> str:
    lines = []
    for finding in findings:
        verdict = "allowed" if finding.allowed else "held"
        what = f"{finding.service or 'unknown'} ({finding.purpose or 'no purpose'})"
        place = f"{finding.kind} at byte {finding.offset}"
        lines.append(f"{verdict:8}{what:42} {finding.reason:16} {place:26} {printable(finding.url)}\n")
    return "".join(lines)


def _as_json(findings: Sequence[Finding]) -> str:
    held = sum(not finding.allowed for finding in findings)
    value = {
        "held": held,
        "allowed": len(findings) - held,
        "findings": [
            {
                "service": finding.service,
                "purpose": finding.purpose,
                "kind": finding.kind,
                "url": finding.url,
                "offset": finding.offset,
                "allowed": finding.allowed,
                "reason": finding.reason,
                "rule": finding.rule,
            }
            for finding in findings
        ],
    }
    return as_json(value) + "\n"
