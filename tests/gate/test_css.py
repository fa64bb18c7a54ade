"""What CSS loads, against what browsers were seen to request, in any pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.gate.css import HELD, CssReader, CssUrl, held_prefix


def read(css, cap=256 * 1024, declarations=False):
    urls, place = CssReader(cap, declarations).read(css, 0, len(css), final=True)
    assert place == len(css)
    return urls


def read_pieces(css, sizes, cap=256 * 1024, declarations=False):
    """The same in pieces; what is decided goes before the next piece comes, as it would in a stream."""
    reader = CssReader(cap, declarations)
    found = []
    kept = bytearray()
    gone = given = 0
    sizes = iter(sizes)
    while given < len(css):
        size = next(sizes, len(css))
        kept += css[given : given + size]
        given = min(given + size, len(css))
        urls, place = reader.read(kept, 0, len(kept), final=False)
        found += [CssUrl(url.offset + gone, url.end + gone, *url[2:]) for url in urls]
        assert 0 <= place <= len(kept)
        assert all(url.offset >= 0 for url in urls)
        del kept[:place]
        gone += place
    urls, place = reader.read(kept, 0, len(kept), final=True)
    assert place == len(kept)
    return found + [CssUrl(url.offset + gone, url.end + gone, *url[2:]) for url in urls]


IMPORTS = "@import "

CASES = [
    # functions
    (b"p{background:url(//a/1)}", ["//a/1"]),
    (b"p{background:url('//a/1')}", ["//a/1"]),
    (b'p{background:url( \n"//a/1"\t)}', ["//a/1"]),
    (b"p{background:url(\r\n//a/1\f )}", ["//a/1"]),
    (b"p{background:URL(//a/1),uRl('//a/2')}", ["//a/1", "//a/2"]),
    (rb"p{background:u\72l(//a/1)}", ["//a/1"]),
    (rb"p{background:u\72 l(//a/1)}", ["//a/1"]),
    (b"p{background:u\\72\r\nl(//a/1)}", ["//a/1"]),
    (rb"p{background:\55 RL(//a/1)}", ["//a/1"]),
    (rb"p{background:\000075rl(//a/1)}", ["//a/1"]),
    (rb"p{background:\0000075rl(//a/1)}", []),
    (rb"p{background:ur\l(//a/1)}", ["//a/1"]),
    (rb"p{background:\url(//a/1)}", ["//a/1"]),
    (rb"p{background:\ url(//a/1)}", []),
    (rb"p{background:ur\ l(//a/1)}", []),
    (b"p{background:ur\\\nl(//a/1)}", []),
    (b"p{background:\\\nurl(//a/1)}", ["//a/1"]),
    (b"p{background:src('//a/1')}", ["//a/1"]),
    (b'p{background:SRC(/**/ "//a/1" )}', ["//a/1"]),
    (b"p{background:src(var(--x,'//a/1'))}", ["//a/1"]),
    (b"p{background:src(//a/1)}", []),
    (b"@font-face{src:url(//a/1)format('woff2'),local('//a/2')}", ["//a/1"]),
    (b"p{--x:url(//a/1)}", ["//a/1"]),
    (b"p{filter:url(#f)}", ["#f"]),
    (b"p{background:url()url('')url( )url(''x)}", []),
    # names that only end like one
    (b"p{background:xurl(//a/1)}", []),
    (b"p{background:-url(//a/1)}", []),
    (b"p{background:5url(//a/1)}", []),
    (b"p{background:5.url(//a/1)}", ["//a/1"]),
    (b"p{background:#url(//a/1)}", []),
    (rb"p{background:#\75rl(//a/1)}", []),
    (rb"p{background:@\75rl(//a/1)}", []),
    (b"p{background:@url(//a/1)}", []),
    (b"p{background:\xc3\xa9url(//a/1)}", []),
    (b"p{background:\0url(//a/1)}", []),
    (b"p{background:url\0(//a/1)}", []),
    (b"p{background:url (//a/1)}", []),
    (b"p{background:url/**/(//a/1)}", []),
    (b"x" * 300 + b"url(//a/1)", []),
    (b"x" * 300 + b"\\75rl(//a/1)", []),
    (b"\\78" * 300 + b"url(//a/1)", []),
    (b"@" + b"\\78" * 300 + b"url(//a/1)", []),
    (b"image-set(" + b"x" * 300 + b"('//a/1')'//a/2')", ["//a/2"]),
    (b"image-set(\\78" + b"x" * 300 + b"('//a/1')'//a/2')", ["//a/2"]),
    (b"x" * 300 + b" url(//a/1)", ["//a/1"]),
    # imports
    (b"@import '//a/1';", ["@import //a/1"]),
    (b'@import"//a/1"screen', ["@import //a/1"]),
    (b"@import url(//a/1) layer(x) supports(a:b);b{c:url(//a/2)}", ["@import //a/1", "//a/2"]),
    (b"@import url( '//a/1' )", ["@import //a/1"]),
    (b"@import/**//***/url(//a/1)/**/", ["@import //a/1"]),
    (b"@import src('//a/1');a{b:'//a/2';c:src('//a/3')}", ["@import //a/1", "//a/3"]),
    (b"@import src();a{b:src('//a/3')}", ["//a/3"]),
    (rb"@\69mport '//a/1'", ["@import //a/1"]),
    (rb"@IMP\6f rt '//a/1'", ["@import //a/1"]),
    (b"a{@import '//a/1'}", ["@import //a/1"]),
    (b"<!--@import '//a/1';-->", ["@import //a/1"]),
    (b"@import\n'//a/1", ["@import //a/1"]),
    (b"@import '//a/1\n';", []),
    (b"@import url('//a/1\n');b{c:'//a/2'}", []),
    (b"@import url(data:text/css,p{});", ["@import data:text/css,p{}"]),
    (b"@import 'data:text/css,p{}';", ["@import data:text/css,p{}"]),
    (b"@import ;a{b:'//a/1'}", []),
    (b"@import / '//a/1'", []),
    (b"@import x '//a/1'", []),
    (b"@import x('//a/1')", []),
    (b"@import", []),
    (b"@import /", []),
    (b"@import '", []),
    (b"@import ''", []),
    (b"@import " + b"x" * 300, []),
    (b"@import u" + b"x" * 300, []),
    (b"@importx '//a/1'", []),
    (b"@import\\x '//a/1'", []),
    (b"@imp '//a/1'", []),
    (b"#@import '//a/1'", ["@import //a/1"]),
    (b"\\@import '//a/1'", []),
    (b"@ import '//a/1'", []),
    (b"@import @import '//a/1'", ["@import //a/1"]),
    # other at-rules
    (b"@namespace url(//a/1);@namespace x url('//a/2');@namespace'//a/3';p{b:url(//a/4)}", ["//a/4"]),
    (b"@namespace/**/x/**/url( //a/1 );p{b:url(//a/4)}", ["//a/4"]),
    (b"@namespace url( '//a/1\n;p{b:url(//a/4)}", ["//a/4"]),
    (b"@namespace url(//a/1 x);p{b:url(//a/4)}", ["//a/4"]),
    (b"@namespace url(data:);p{b:url(//a/4)}", ["//a/4"]),
    (b"@namespace/**/'//a/1';p{b:url(//a/4)}", ["//a/4"]),
    (b"@namespace;p{b:url(//a/4)}", ["//a/4"]),
    (b"@namespace x(;p{b:url(//a/4)}", ["//a/4"]),
    (b"@namespace " + b"x" * 300 + b" url(//a/4)", ["//a/4"]),
    (b"@n url(//a/1)", ["//a/1"]),
    (b"@charset '//a/1';@media x{p{b:url(//a/2)}}", ["//a/2"]),
    # strings that are addresses
    (b"p{b:image-set('//a/1' 1x,\"//a/2\" 2x)}", ["//a/1", "//a/2"]),
    (b"p{b:-WEBKIT-image-set('//a/1' 1x)}", ["//a/1"]),
    (b"p{b:im\\61ge('//a/1')}", ["//a/1"]),
    (b"p{b:cross-fade('//a/1','//a/2',50%)-webkit-cross-fade('//a/3')}", ["//a/1", "//a/2", "//a/3"]),
    (b"p{b:image-set('//a/1' type('image/png'),'//a/2')}", ["//a/1", "//a/2"]),
    (b"p{b:image-set(x(y('//a/1')z('//a/2')),'//a/3')}", ["//a/3"]),
    (b"p{b:image-set(x(image('//a/1'),'//a/2'),'//a/3')}", ["//a/1", "//a/3"]),
    (b"p{b:image-set(url('//a/1')'//a/2')}", ["//a/1", "//a/2"]),
    (b"p{b:image-set(url(//a/1)'//a/2')}", ["//a/1", "//a/2"]),
    (b"p{b:image-set(url('//\\61/1')'//a/2')}", ["//a/1", "//a/2"]),
    (b"p{b:image-set(url( '//a/1' x('//a/3') y)'//a/2')}", ["//a/1", "//a/2"]),
    (b"p{b:image-set(var(--x,'//a/1') 1x)}", ["//a/1"]),
    (b"p{b:image-set(x(var(--x,'//a/1')) 1x)}", []),
    (b"p{b:image-set(if(style(a:'//a/1'):'//a/2';else:'//a/3'))}", ["//a/2", "//a/3"]),
    (b"p{b:image-set((('//a/1')))}c{d:'//a/2'}", ["//a/1"]),
    (b"p{b:image-set(#x('//a/1')@x('//a/2')@\\78('//a/3')'//a/4')}", ["//a/4"]),
    (b"p{b:image-set()'//a/1'}", []),
    (b"p{b:image-set(''\"\"'//a/1')}", ["//a/1"]),
    (b"p{b:image-set(/*'*/'//a/1'<!--'//a/2'<'//a/3'@x'//a/4')}", ["//a/1", "//a/2", "//a/3", "//a/4"]),
    (b"p{b:image-set('//a/1", ["//a/1"]),
    (b"p{b:image-set('//a/1\n'//a/2')}", ["//a/2"]),
    (b"p{b:image-set('data:x''//a/1')}", ["//a/1"]),
    (b"p{b:image-set(" + b"x(image(" * 50 + b"'//a/1'", ["//a/1"]),
    (b"p{b:image-set(" + b"x(image(" * 50 + b"x('//a/1'" + b")" * 102 + b"'//a/2'", ["//a/1"]),
    (b"p{b:)'//a/1'(image-set('//a/2'))'//a/3'}", ["//a/2"]),
    # strings that are not
    (b"p{content:'//a/1'}a[href=\"//a/2\"]{b:url(//a/3)}", ["//a/3"]),
    (b"p{content:'url(//a/1)'}", []),
    (b"p{content:'\\'url(//a/1)'}", []),
    (b"p{content:'x\nurl(//a/1)}", ["//a/1"]),
    (b"p{content:'x\\\nurl(//a/1)'}", []),
    (b"p{content:'x\\\r\nurl(//a/1)'}", []),
    (b"p{content:'x\\41\r\nurl(//a/1)'}", []),
    (b"p{content:'x\\\n\nurl(//a/1)'}", ["//a/1"]),
    (b"p{content:'x", []),
    (b"p{content:'x\\", []),
    # comments
    (b"/*url(//a/1)*/p{b:url(//a/2)}", ["//a/2"]),
    (b"/*/url(//a/1)*/p{b:url(//a/2)}", ["//a/2"]),
    (b"/***/p{b:url(//a/2)}", ["//a/2"]),
    (b"/*url(//a/1)*", []),
    (b"/", []),
    (b"<", []),
    (b"<!-", []),
    (b"<!--url(//a/1)-->url(//a/2)", ["//a/1", "//a/2"]),
    (b"<!---url(//a/1)", []),
    (b"<!x-url(//a/1)", []),
    (b"<!--/*", []),
    # what is in a URL
    (rb"p{b:url(\2f/a\/1)}", ["//a/1"]),
    (b"p{b:url('//a\\\n/1')}", ["//a/1"]),
    (b"p{b:url('//a/\\31\n')}", ["//a/1"]),
    (b"p{b:url(//a/\\31\n)}", ["//a/1"]),
    (b"p{b:url(//a/\\31\r\n)}", ["//a/1"]),
    (b"p{b:url(//a/\\0\\d800 \\110000 \\26)}", ["//a/���&"]),
    (b"p{b:url(//a/\0)}", ["//a/�"]),
    (b"p{b:url(//a/\xc3\xa9\\\xc3\xa9\xff)}", ["//a/éé�"]),
    (b"p{b:url(//a/1(x)}q{b:url(//a/2)}", ["//a/2"]),
    (b"p{b:url(//a/1'x)}q{b:url(//a/2)}", ["//a/2"]),
    (b"p{b:url(//a/1'x\\)}q{b:url(//a/2)}q{b:url(//a/3)}", ["//a/3"]),
    (b"p{b:url(//a/1 x)}q{b:url(//a/2)}", ["//a/2"]),
    (b"p{b:url(//a/1\x01)}q{b:url(//a/2)}", ["//a/2"]),
    (b"p{b:url(//a/1\\\n)}q{b:url(//a/2)}", ["//a/2"]),
    (b"p{b:url(/**/'//a/1')}q{b:url(//a/2)}", ["//a/2"]),
    (b"p{b:url(//a/1\\)2)}", ["//a/1)2"]),
    (b"p{b:url('//a/1'x)}q{b:url(//a/2)}", ["//a/1", "//a/2"]),
    (b"p{b:url(//a/1", ["//a/1"]),
    (b"p{b:url(//a/1 \n", ["//a/1"]),
    (b"p{b:url( ", []),
    (b"p{b:url(//a/1\\", ["//a/1�"]),
    (b"p{b:url(//a/\\31", ["//a/1"]),
    (b"p{b:url('//a/1", ["//a/1"]),
    (b"p{b:url('//a/1\\", ["//a/1"]),
    (b"p{b:url('//a/\\31", ["//a/1"]),
    (b"p{b:url('//a/1\\\r", ["//a/1"]),
    (b"p{b:url(//a/1(\\", []),
    (b"p{b:url(data:,x)url( 'DATA:,y')url(\"data:,z\" )}q{b:url(//a/2)}", ["//a/2"]),
    (b"url(data:,x )q{b: url(data:,y )}q{b:url(//a/2)}", ["//a/2"]),
    (b"p{b:xurl(data:,/*)url(//a/1)*/)}q{b:url(//a/2)}", ["//a/2"]),
    (b"p{b:url(data:,(x'y)}q{b:url(//a/2)}", ["//a/2"]),
    (b"p{b:url('data:,x\n}q{b:url(//a/2)}", ["//a/2"]),
    (rb"p{b:url(dat\61:,x)}", ["data:,x"]),
    (b"p{b:url(data)}", ["data"]),
    # harmless
    (b".md\\:a\\(b\\)c{d:calc(1px + (2px)) rgba(0,0,0,.1)}@media(a){}@supports not (b:c){}", []),
    (b"p{color:red}", []),
    (b"\\", []),
    (b"@", []),
    (b"#", []),
    (b"", []),
]


@pytest.mark.parametrize(("css", "urls"), CASES)
def test_what_is_loaded(css, urls):
    for found in (read(css), read_pieces(css, [1] * len(css)), read_pieces(css, [2, 1, 3] * len(css))):
        assert [IMPORTS * url.imports + url.value for url in found] == urls
    for url in found:
        if b"\\" not in css and "�" not in url.value:
            assert css[url.offset : url.end].decode() == url.value


@pytest.mark.parametrize(
    ("css", "urls"),
    [
        (b"background:url(//a/1);@import '//a/2';@import url(//a/3);@namespace url(//a/4)", [1, 3, 4]),
        (b"background:image-set('//a/1')", [1]),
    ],
)
def test_style_attributes_import_nothing(css, urls):
    assert read(css, declarations=True) == read_pieces(css, [1] * len(css), declarations=True)
    found = read(css, declarations=True)
    assert [(url.value, url.imports) for url in found] == [(f"//a/{number}", False) for number in urls]


@pytest.mark.parametrize(
    ("css", "urls"),
    [
        (b"url(0123456789)url(x)", ["0123456789", "x"]),
        (b"url(0123456789x)url(x)", ["0123456789", "x"]),
        (b"url(0123456789\\)\\)x)url(x)", ["0123456789", "x"]),
        (b"url(0123456789x(x)url(x)", ["0123456789", "x"]),
        (b"url(x          )url(y)", ["x", "y"]),
        (b"url(x          (x)url(y)", ["x", "y"]),
        (b"url(x         (x)url(y)", ["y"]),
        (b"url('0123456789x')url(x)", ["0123456789", "x"]),
        (b"url('0123456789\\')')url(x)", ["0123456789", "x"]),
        (b"url('0123456789x\n)url(x)", ["0123456789", "x"]),
        (b"url('0123456789')url(x)", ["0123456789", "x"]),
        (b"@import '0123456789x';url(x)", ["@import 0123456789", "x"]),
        (b":url(0123456789x) url( '0123456789x' ) url(x)", ["0123456789", "0123456789", "x"]),
        (b"image-set('0123456789x''y')'z'", ["0123456789", "y"]),
        (b"image-set(a('0123456789x')'y'", ["y"]),
        (b"url(data:0123456789)url(x)", ["x"]),
        (b"@import url(data:01234);@import url(data:012345)", ["@import data:01234", "@import data:01234"]),
        (b"url('data:0123456789')url(x)", ["x"]),
    ],
)
def test_a_url_beyond_the_cap_is_given_out_as_far_as_it_goes(css, urls):
    for found in (read(css, 10), read_pieces(css, [1] * len(css), 10), read_pieces(css, [7] * 9, 10)):
        assert [IMPORTS * url.imports + url.value for url in found] == urls
        assert all(url.end - url.offset <= 10 for url in found)


def test_no_more_is_kept_than_the_cap():
    reader = CssReader(1000)
    kept = bytearray()
    for piece in [b"@import url( ", *[b"x"] * 5000, b")", *[b" /**/'"] * 1000, *[b"y"] * 1000, b"url(\\"]:
        kept += piece
        _, place = reader.read(kept, 0, len(kept), final=False)
        del kept[:place]
        assert len(kept) < 1020


WORDS = [case for case, _ in CASES if len(case) < 20] + [
    *(
        b"url(",
        b"u\\72l(",
        b"src(",
        b"image-set(",
        b"image(",
        b"var(",
        b"x(",
        b"(",
        b")",
        b'"',
        b"'",
        b"//a/1",
    ),
    *(b"@import", b"@\\69mport", b"@namespace", b"@charset", b"@x", b"data:", b"/*", b"*/", b"<!--", b"-->"),
    *(
        b" ",
        b"\n",
        b"\r\n",
        b"\r",
        b"\f",
        b"\t",
        b"\\",
        b"\\4",
        b"\\41",
        b"\\000075",
        b"\\\n",
        b"\\\r",
        b"\0",
    ),
    *(
        b"#",
        b"@",
        b";",
        b"{",
        b"}",
        b"-",
        b"--",
        b"url",
        b"x",
        b"5",
        b".",
        b"\xc3",
        b"\xa9",
        b"/",
        b"*",
        b"<",
    ),
    b"x" * 250,
]
SHEETS = st.lists(st.sampled_from(WORDS) | st.binary(max_size=3), max_size=30).map(b"".join)


@given(SHEETS, st.lists(st.integers(1, 20)), st.sampled_from([3, 8, 1000]), st.booleans())
def test_any_pieces_give_the_same(css, sizes, cap, declarations):
    whole = read(css, cap, declarations)
    assert read_pieces(css, sizes, cap, declarations) == whole
    assert read_pieces(css, [1] * len(css), cap, declarations) == whole
    places = [place for url in whole for place in (url.offset, url.end)]
    assert places == sorted(places)


@given(st.binary())
def test_any_bytes_are_read(css):
    read(css)


@given(SHEETS)
def test_a_held_url_fetches_nothing_and_the_rest_is_as_it_was(css):
    prefix = held_prefix("a-1 b", "c")
    held = css
    urls = read(css)
    for url in reversed(urls):
        held = held[: url.offset] + prefix + held[url.offset :]
    assert held.replace(prefix, b"") == css.replace(prefix, b"")
    assert [url.value for url in read(held)] == [prefix.decode() + url.value for url in urls if url.imports]


@pytest.mark.parametrize(
    ("services", "purposes", "prefix"),
    [
        ("google-analytics", "analytics", b"data:,cg:google-analytics:analytics:"),
        ("a b+c", "x\ty", b"data:,cg:a+b+c:x+y:"),
        ("", "", b"data:,cg:::"),
        ("a:b'\")&<\\/é", "x=", b"data:,cg:a%3Ab%27%22%29%26%3C%5C%2F%C3%A9:x%3D:"),
    ],
)
def test_the_prefix_that_holds_is_inert(services, purposes, prefix):
    assert held_prefix(services, purposes) == prefix
    assert prefix.startswith(HELD)
