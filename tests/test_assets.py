"""The shipped files: found, named by their content, and safe to ship under names that no blocker hides."""

from __future__ import annotations

import gzip
import hashlib
import re

import pytest

from cookiegate.assets import asset_text, assets, assets_by_file

HIDDEN_BY_BLOCKERS = re.compile("cookie|consent|gdpr|banner|popup|overlay", re.IGNORECASE)


def test_a_missing_file_names_every_place_that_was_looked_at() -> None:
    with pytest.raises(FileNotFoundError, match=r"^static/none\.css is not in .+static"):
        asset_text("static", "none.css")


@pytest.mark.parametrize("name", ["cg.css", "cg-link.css", "settings.css", "cg.js"])
def test_an_asset_is_named_by_its_content(name: str) -> None:
    asset = assets()[name]
    stem, suffix = name.rsplit(".", 1)
    assert asset.file == f"{stem}.{hashlib.sha256(asset.body).hexdigest()[:10]}.{suffix}"
    assert assets_by_file()[asset.file] is asset
    assert gzip.decompress(asset.gzipped) == asset.body
    assert asset.media_type.startswith("text/css" if suffix == "css" else "text/javascript")


def test_equal_content_is_packed_into_equal_bytes() -> None:
    first = {name: asset.gzipped for name, asset in assets().items()}
    assets.cache_clear()
    try:
        assert {name: asset.gzipped for name, asset in assets().items()} == first
    finally:
        assets_by_file.cache_clear()


def test_the_style_of_the_question_brings_the_style_of_the_link() -> None:
    assert assets()["cg.css"].body.endswith(assets()["cg-link.css"].body)


@pytest.mark.parametrize("name", ["cg.css", "cg-link.css", "settings.css"])
def test_squeezing_a_style_keeps_every_rule(name: str) -> None:
    source = re.sub(r"/\*.*?\*/", "", asset_text("static", name), flags=re.DOTALL)
    served = assets()[name].body.decode()
    assert "/*" not in served
    assert served.count("{") >= source.count("{")
    assert served.count("{") == served.count("}")
    # White space may go; nothing else may, but for the semicolon before a closing brace.
    bare = re.sub(r"[\s;]", "", source)
    assert bare in re.sub(r"[\s;]", "", served)
    # A space that separates selectors is a descendant: it has to stay.
    for selector in re.findall(r"#cg(?:-settings)? [.:\w-]+(?: [.:\w-]+)*(?= \{)", source):
        assert selector in served


def test_squeezing_the_script_drops_nothing_but_comments_and_indentation() -> None:
    served = assets()["cg.js"].body.decode().splitlines()
    source = [line.strip() for line in asset_text("static", "cg.js").splitlines()]
    assert served == [line for line in source if line and not line.startswith("//")]


@pytest.mark.parametrize(
    ("name", "limit"), [("cg.css", 1500), ("cg-link.css", 600), ("settings.css", 3000), ("cg.js", 2700)]
)
def test_assets_stay_small(name: str, limit: int) -> None:
    assert len(assets()[name].gzipped) <= limit


def test_the_question_uses_the_colours_of_the_settings() -> None:
    # The two files stand alone, so the values are in both: they must not drift apart.
    def values(name: str, scheme: str) -> dict[str, str]:
        text = asset_text("static", name)
        dark = text[text.index("prefers-color-scheme: dark") :]
        part = text if scheme == "light" else dark
        found: dict[str, str] = {}
        for key, value in re.findall(r"(--cg-[\w-]+): (#\w+)[;\n]", part):
            found.setdefault(key, value)
        return found

    for scheme in ("light", "dark"):
        own, shared = values("cg.css", scheme), values("settings.css", scheme)
        same = own.keys() & shared.keys()
        assert len(same) >= 10
        assert {key: own[key] for key in same} == {key: shared[key] for key in same}


def test_no_name_that_a_blocker_hides() -> None:
    for name in assets():
        assert not HIDDEN_BY_BLOCKERS.search(name)
    for name in ("cg.css", "cg-link.css", "settings.css"):
        names = re.findall(r"[#.]([a-z][\w-]*)", re.sub(r"/\*.*?\*/", "", asset_text("static", name)))
        assert not [found for found in names if HIDDEN_BY_BLOCKERS.search(found)]
    for name in ("snippet.html", "link.html", "page.html", "settings.html", "message.html"):
        names = re.findall(r"""(?:id|class|name)="([^"]*)\"""", asset_text("templates", name))
        assert not [found for found in names if HIDDEN_BY_BLOCKERS.search(found)]


def test_the_script_needs_no_permission_that_a_strict_policy_withholds() -> None:
    script = asset_text("static", "cg.js")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|\beval\b|new Function|cssText", script)
