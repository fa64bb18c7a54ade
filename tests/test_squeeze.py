"""Scripts made short: the same program in fewer bytes."""

from __future__ import annotations

import pytest

from cookiegate.squeeze import squeeze_js


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("// a note\nconst value = 1;\nuse(value);", "const a=1;b(a);"),
        ("const value = { value: 1, other: value };", "const a={value:1,other:a};"),
        ("const { name, length } = list; name(length);", "const{name,length}=a;name(length);"),
        ("const one = two.one?.one(...one);", "const a=b.one?.one(...a);"),
        ("if (/a b[/]'/g.test(text)) { text = 'a b'; }", "if(/a b[/]'/g.test(a)){a='a b'}"),
        ("const at = text => `${text} text`;", "const b=a=>`${a} text`;"),
        ("for (const x in document) typeof x;", "for(const a in document)typeof a;"),
        ("a >>= 0x811c9dc5;", "a>>=0x811c9dc5;"),
    ],
)
def test_short(text: str, short: str) -> None:
    assert squeeze_js(text) == short
