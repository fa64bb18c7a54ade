"""The addresses in an attribute's value, by the form in which it holds them."""

from __future__ import annotations

import re

from cookiegate.gate.html.sinks import Form

# The URLs of a srcset (HTML, section 4.8.4.3.12): up to white space, then descriptors up to a comma that is
# not in parentheses; none where the comma is at the end of the URL itself.
_SRCSET_URL = re.compile(
    r"[\t\n\f\r ,]*+([^\t\n\f\r ,][^\t\n\f\r ]*+)(?>(?<=,)|(?:(?>[^,(]++|\([^)]*+\)?))*+)|[\t\n\f\r ,]++\Z"
)
# What a refresh leads to (HTML, section 4.2.5.3): the rest behind the time, or what is in quotes there.
_REFRESH = re.compile(
    r"[\t\n\f\r ]*+[0-9.][0-9.]*+(?:[\t\n\f\r ]*+[;,]|[\t\n\f\r ])[\t\n\f\r ]*+"
    r"""(?>(?:[uU][rR][lL][\t\n\f\r ]*+=[\t\n\f\r ]*+)?)(?:'([^']*+)|"([^"]*+)|(.++))""",
    re.DOTALL,
)


def addresses_in(form: Form, text: str) -> list[str]:
    """The addresses in a decoded value, in one of the forms that are not just an address."""
    if form is Form.ADDRESSES:
        return text.split()
    if form is Form.SRCSET:
        return [url.rstrip(",") for url in _SRCSET_URL.findall(text) if url]
    found = _REFRESH.match(text)
    return [found[found.lastindex or 0]] if found else []
