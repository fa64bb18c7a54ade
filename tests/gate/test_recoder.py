"""Pages in any encoding, read as ASCII and given back as they came."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiegate.gate.charset import MOST_HEAD
from cookiegate.gate.html.edits import Insertion
from cookiegate.gate.recoder import Recoder

UTF_8 = b"text/html; charset=utf-8"
LE, BE = b"text/html; charset=utf-16le", b"text/html; charset=utf-16be"
JIS = b"text/html; charset=iso-2022-jp"
META = b"<meta charset=iso-2022-jp>"
NAMES = {LE: "utf-16-le", BE: "utf-16-be"}

# し and 社 hold a "<" in ISO-2022-JP.
JAPANESE = "<p title='社会'>新しい</p>".encode("iso2022_jp")


def decoded(page):
    """Decode ISO-2022-JP byte by byte (Encoding, section 12.2.1); "?" for all that is not ASCII."""
    out = []
    state = output = "ascii"
    written = False
    queue = list(page)
    while queue or state == "escape start":
        byte = queue.pop(0) if queue else None
        if state == "escape start":
            if byte in (0x24, 0x28) and queue:
                target = {"(B": "ascii", "(J": "roman", "(I": "katakana", "$@": "lead", "$B": "lead"}.get(
                    chr(byte) + chr(queue[0])
                )
                if target:
                    del queue[0]
                    if written:
                        out.append("?")
                    written, state = True, target
                    output = target
                    continue
            if byte is not None:
                queue.insert(0, byte)
            written, state = False, output
            out.append("?")
        elif byte == 0x1B:
            if state == "trail":
                out.append("?")
            state = "escape start"
        else:
            written = False
            if state in ("ascii", "roman"):
                plain = byte < 0x80 and byte not in (0x0E, 0x0F)
                foreign = state == "roman" and byte in b"\\~"
                out.append(chr(byte) if plain and not foreign else "?")
            elif state == "lead" and 0x21 <= byte <= 0x7E:
                state = "trail"
            else:
                out.append("?")
                state = "lead" if state == "trail" else state
    if state == "trail":
        out.append("?")
    return "".join(out)


def bones(text):
    """What is ASCII in a text, and where there is anything else."""
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    return re.sub(r"[^\0-\x3e\x40-\x7f]+", "?", text)


def give_back(content_type, page, *, size=1 << 20, step=1 << 20, insertions=(), xml=False):
    """Read a page in pieces of one size and release it in pieces of another; give both."""
    recoder = Recoder(content_type, xml=xml)
    seen, out, released = b"", b"", 0
    for at in range(0, max(len(page), 1), size):
        final = at + size >= len(page)
        seen += recoder.feed(page[at : at + size], final=final)
        while True:
            end = len(seen) if final else released + step
            if end > len(seen):
                break
            # What is inserted where a piece ends belongs to that piece, as the scanner has it.
            due = [
                Insertion(*one) for one in insertions if released < one[0] <= end or (one[0] == 0 == released)
            ]
            out += recoder.insert(seen[released:end], released, due)
            released = end
            if final:
                break
    return seen, out


# --- what is read


@pytest.mark.parametrize(
    ("content_type", "page", "read"),
    [
        (UTF_8, "<p>ü".encode(), "<p>ü".encode()),
        (UTF_8, b"\x1b$B<p>", b"\x1b$B<p>"),
        (UTF_8, b"\xef\xbb\xbf<p>", b"\xef\xbb\xbf<p>"),
        (LE, b"\xef\xbb\xbf<p>", b"\xef\xbb\xbf<p>"),
        (b"", b"\xef", b"\xef"),
        (b"", b"", b""),
        (UTF_8, "\ufeff<p>ü".encode("utf-16-le"), "\ufeff<p>ü".encode()),
        (LE, "\ufeff<p>ü".encode("utf-16-be"), "\ufeff<p>ü".encode()),
        (b"", "\ufeff<p>\U0001f36a".encode("utf-16-be"), "\ufeff<p>\U0001f36a".encode()),
        (LE, "<p>ü".encode("utf-16-le"), "<p>ü".encode()),
        (BE, "<p>ü".encode("utf-16-be"), "<p>ü".encode()),
        (b"", "<?xml?><p>".encode("utf-16-le"), b"<?xml?><p>"),
        (b"", "<?xml?><p>".encode("utf-16-be"), b"<?xml?><p>"),
        (UTF_8, "<?xml?><p>".encode("utf-16-le"), "<?xml?><p>".encode("utf-16-le")),
        (b"", "<p>".encode("utf-16-le"), "<p>".encode("utf-16-le")),
        (LE, b"<\0\x3d\xd8<\0\x00", "<\ufffd<".encode()),
        (BE, b"\0<\xdc\x00\xd8\x3d", "<\ufffd\ufffd".encode()),
        (JIS, JAPANESE, b"<p title='" + b"\xff" * 4 + b"'>" + b"\xff" * 6 + b"</p>"),
        (JIS, b"<\x1b(Bp\x1b(J>\\\x1b(I<a>\x1b(B", b"<p>\xff\xff\xff\xff"),
        (JIS, b"<\x1b(B\x1b(Bp>", b"<\xffp>"),
        (JIS, b"\x1b$B<p>\n\x1b$<\x1b", b"\xff" * 8),
        (JIS, b"\x0e\x0f\x80\x1b<\x1b$", b"\xff\xff\xff\xff<\xff$"),
        (b"", META + JAPANESE, META + b"<p title='" + b"\xff" * 4 + b"'>" + b"\xff" * 6 + b"</p>"),
        (b"", JAPANESE + META, b"<p title='" + b"\xff" * 4 + b"'>" + b"\xff" * 6 + b"</p>" + META),
        (b"text/html; charset=bogus", META + b"\x1b$B<p>", META + b"\xff\xff\xff"),
        (b"", b"<meta charset=utf-8>\x1b$B<p>", b"<meta charset=utf-8>\x1b$B<p>"),
        (b"", b"<meta charset=iso-2022-kr>\x1b$B<p>", b"<meta charset=iso-2022-kr>\x1b$B<p>"),
        (b"", JAPANESE, JAPANESE),
        (UTF_8, META + b"\x1b$B<p>", META + b"\x1b$B<p>"),
        (b"text/html; charset=hz-gb-2312", b"<p>x", b""),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 1 << 20])
def test_what_is_read_and_given_back(content_type, page, read, size):
    for step in (1, 2, 1 << 20):
        assert give_back(content_type, page, size=size, step=step) == (read, page)


def test_xml_declares_for_itself():
    page = b"<?xml version='1.0' encoding='iso-2022-jp'?><p>\x1b$B<p>\x1b(B</p>"
    read = b"<?xml version='1.0' encoding='iso-2022-jp'?><p>\xff\xff\xff</p>"
    for size in (1, 1 << 20):
        assert give_back(b"application/xhtml+xml", page, xml=True, size=size) == (read, page)
    assert give_back(b"application/xhtml+xml", META + b"\x1b$B<p>", xml=True)[0] == META + b"\x1b$B<p>"
    for codec in ("utf-16-le", "utf-16-be"):
        page = "<?pi?><p/>".encode(codec)
        assert give_back(b"application/xhtml+xml", page, xml=True, size=1) == (b"<?pi?><p/>", page)


def test_a_frame_without_a_declaration_is_read_as_the_page_around_it():
    page = b"<p>\x1b$B<p>\x1b(B</p>"
    declares = b"<meta charset=utf-8>" + page
    for content_type, xml, sent, read in (
        (b"", False, page, b"<p>\xff\xff\xff</p>"),
        (b"", False, declares, declares),
        (UTF_8, False, page, page),
        (b"", True, page, page),
    ):
        recoder = Recoder(content_type, xml=xml, framed=True)
        assert recoder.feed(sent, final=True) == read
        assert recoder.insert(read, 0, []) == sent


def test_little_waits():
    recoder = Recoder()
    assert recoder.feed(b"<") == b""  # it may become UTF-16
    assert recoder.feed(b"p") == b"<p"
    assert recoder.feed(b">") == b">"
    assert recoder.feed(b"\x1b$B") == b""
    assert recoder.feed(b"x" * (MOST_HEAD - 7)) == b""
    assert recoder.feed(b"y") == b"\x1b$B" + b"x" * (MOST_HEAD - 7) + b"y"
    assert recoder.feed(b"\x1b") == b"\x1b"


def test_a_late_switch_waits_for_nothing():
    recoder = Recoder()
    assert recoder.feed(b"x" * MOST_HEAD) == b"x" * MOST_HEAD
    assert recoder.feed(b"\x1b$B") == b"\x1b$B"


PIECES = [b"\x1b(B", b"\x1b(J", b"\x1b(I", b"\x1b$@", b"\x1b$B", b"\x1b", b"<p>", b"a", b"\\", b"$<", b"\n",
          b"\x0e", b"\x80", b"\xff", b"(", b"$", META, b"<!--", b"\0", b"\xd8", b"\xdc", b"\x3d"]  # fmt: skip
PAGES = st.lists(st.sampled_from(PIECES), max_size=20).map(b"".join) | st.binary(max_size=60)
SIZES = st.integers(1, 9)


@given(PAGES)
def test_iso_2022_jp_is_read_as_the_standard_decodes_it(page):
    if not page.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        assert bones(give_back(JIS, page)[0]) == bones(decoded(page))


@given(PAGES, st.sampled_from([UTF_8, LE, BE, JIS, b"", b"text/html; charset=iso-2022-kr"]), SIZES, SIZES)
def test_any_bytes_in_any_pieces_come_back(content, content_type, size, step):
    whole = give_back(content_type, content)
    assert whole[1] == content
    assert give_back(content_type, content, size=size, step=step) == whole


# --- what is inserted


def test_insertions_are_written_in_the_encoding_of_the_page():
    page = "\ufeff<p>\U0001f36aü<b>\ud800x".encode("utf-16-le", "surrogatepass")
    seen, out = give_back(UTF_8, page, insertions=[(6, b"[1]"), (6, b"[2]"), (seen_at := 15, b"\xff")])
    assert seen[:seen_at] == "\ufeff<p>\U0001f36aü<b>".encode()
    expected = "\ufeff<p>[1][2]\U0001f36aü<b>\ufffd\ud800x"
    assert out == expected.encode("utf-16-le", "surrogatepass")


@pytest.mark.parametrize(
    ("page", "offset", "out"),
    [
        (b"<p>\x1b$B$<\x1b(B</p>", 3, b"<p>@\x1b$B$<\x1b(B</p>"),
        (b"<p>\x1b$B$<\x1b(B</p>", 5, b"<p>\x1b$B$<\x1b(B@\x1b(B</p>"),
        (b"<p>\x1b$B$<$<\x1b(B</p>", 5, b"<p>\x1b$B$<\x1b(B@\x1b$B$<\x1b(B</p>"),
        (b"<p>\x1b$B$<", 5, b"<p>\x1b$B$<\x1b(B@\x1b$B"),
        (b"<p>\x1b$B$<\x1b(B</p>", 7, b"<p>\x1b$B$<\x1b(B</@p>"),
        (b"<p>\x1b(J</p>", 5, b"<p>\x1b(J</@p>"),
    ],
)
def test_insertions_stand_in_ascii(page, offset, out):
    assert give_back(JIS, page, insertions=[(offset, b"@")])[1] == out
    assert bones(decoded(out)) == "".join(bones(give_back(JIS, out)[0]))


@given(PAGES, st.lists(st.integers(0, 80), max_size=3), SIZES, SIZES)
def test_insertions_behind_ascii_are_read_as_they_are(page, offsets, size, step):
    seen, _ = give_back(JIS, page)
    if page.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        return
    offsets = {at % (len(seen) + 1) for at in offsets}
    insertions = [(at, b"[@]") for at in offsets if at == 0 or seen[at - 1] < 0x80]
    _, out = give_back(JIS, page, insertions=insertions, size=size, step=step)
    expected = seen
    for at, text in sorted(insertions, reverse=True):
        expected = expected[:at] + text + expected[at:]
    assert bones(decoded(out)) == bones(expected)


@given(st.text(), st.sets(st.integers(0, 80), max_size=3), SIZES, SIZES)
def test_insertions_into_utf_16(text, offsets, size, step):
    text = "\ufeff" + text
    starts = [len(text[:at].encode()) for at in range(1, len(text) + 1)]
    insertions = sorted({(starts[at % len(starts)], b"[@]") for at in offsets})
    expected = text.encode()
    for at, inserted in reversed(insertions):
        expected = expected[:at] + inserted + expected[at:]
    _, out = give_back(UTF_8, text.encode("utf-16-be"), insertions=insertions, size=size, step=step)
    assert out.decode("utf-16-be").encode() == expected


# --- places


@pytest.mark.parametrize(
    ("content_type", "page", "offset", "place"),
    [
        (UTF_8, "ü<p>".encode(), 2, 2),
        (JIS, b"<b>\x1b$B<p>", 0, 0),
        (LE, "ü\U0001f36a<p>".encode("utf-16-le"), 6, 6),
        (LE, "\u3042<p>".encode("utf-16-le"), 3, 2),
        (BE, "\u3042<p>".encode("utf-16-be"), 3, 2),
        (JIS, b"<b>\x1b$B$<\x1b(B<p>", 5, 11),
        (JIS, b"<b>\x1b$B\x1b$B$<\x1b(B<p>", 6, 14),
        (b"", META + b"\x1b$B$<\x1b(B<p>", 28, 34),
        (b"text/html; charset=iso-2022-kr", b"<p>", 0, 0),
    ],
)
def test_places(content_type, page, offset, place):
    recoder = Recoder(content_type)
    recoder.feed(page, final=True)
    assert recoder.place(offset) == place
    assert recoder.place(0) == 0
    assert recoder.place(offset) == place
    assert page[place:].lstrip(b"\0").startswith(b"<")
