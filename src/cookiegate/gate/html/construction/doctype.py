"""Which document types put a page into quirks mode, where a table does not end a paragraph."""

from __future__ import annotations

import re

_DOCTYPE = re.compile(
    rb"""<!doctype[\t\n\f\r ]*+([^\t\n\f\r >]++)[\t\n\f\r ]*+
    (?:public[\t\n\f\r ]*+(?:"([^">]*+)"|'([^'>]*+)')[\t\n\f\r ]*+(?:(?:"([^">]*+)"|'([^'>]*+)')[^>]*+)?
      |system[\t\n\f\r ]*+(?:"([^">]*+)"|'([^'>]*+)')[^>]*+)?>""",
    re.VERBOSE | re.IGNORECASE,
)
# Section 13.2.6.4.1: the makers of old dialects, and the W3C's own up to HTML 4.0.
_OLD = re.compile(
    rb"""(?:\+//silmaril|-//(?:as|advasoft\ ltd|ietf|metrius|microsoft|netscape\ comm\.\ corp\.
        |o'reilly\ and\ associates|softquad|softquad\ software|spyglass|sq|sun\ microsystems\ corp\.|webtechs)
        )//dtd[ ]
      | -//w3c//dtd\ (?:html\ (?:3\ 1995-03-24|3\.2s?(?:\ draft|\ final)?//|4\.0\ (?:frameset|transitional)//
        |experimental\ (?:19960712|970421)//)|w3\ html//)
      | -//w3o//dtd\ w3\ html\ (?:3\.0//|strict\ 3\.0//en//\Z)
      | -/w3c/dtd\ html\ 4\.0\ transitional/en\Z
      | html\Z""",
    re.VERBOSE,
)
_OLD_WITHOUT_SYSTEM = (b"-//w3c//dtd html 4.01 frameset//", b"-//w3c//dtd html 4.01 transitional//")
_OLD_SYSTEM = b"http://www.ibm.com/data/dtd/v11/ibmxhtml1-transitional.dtd"


def is_quirky(token: bytes) -> bool:
    """Whether this document type, from ``<!`` to ``>``, or its lack of form, asks for quirks mode."""
    match = _DOCTYPE.fullmatch(token)
    if match is None or match[1].lower() != b"html":
        return True
    public = next((text.lower() for text in match.group(2, 3) if text is not None), None)
    system = next((text.lower() for text in match.group(4, 5, 6, 7) if text is not None), None)
    if system == _OLD_SYSTEM:
        return True
    if public is None:
        return False
    return bool(_OLD.match(public)) or (system is None and public.startswith(_OLD_WITHOUT_SYSTEM))
