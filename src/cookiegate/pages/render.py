"""Templates to HTML: one environment, and the languages our pages speak."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, FunctionLoader, StrictUndefined

from cookiegate.assets import asset_text, assets
from cookiegate.policy.texts import LANGUAGES, Texts, negotiate, texts

if TYPE_CHECKING:
    from cookiegate.gate.visit import Visit
    from cookiegate.policy.model import Policy


@cache
def _environment() -> Environment:
    return Environment(
        loader=FunctionLoader(lambda name: asset_text("templates", name)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def render(template: str, **values: object) -> bytes:
    """Fill a template, by its file name. Raises jinja2.UndefinedError for a value that is missing.

    The bytes are ASCII, other characters being references: they mean the same in a page of any charset.
    """
    return _environment().get_template(template).render(values).encode("ascii", "xmlcharrefreplace")


def language_of(policy: Policy, visit: Visit) -> str:
    """Choose the language in which this visitor is spoken to."""
    return negotiate(visit.accept_language, policy.site.languages or LANGUAGES)


def page_language(policy: Policy, language: str) -> str:
    """Choose the language for a page that says it is in this one; else the policy's first."""
    return negotiate(language, policy.site.languages or LANGUAGES)


def base_of(policy: Policy, root_path: str) -> str:
    """Return the address of our pages on this site, with a slash at both ends."""
    return f"{root_path}{policy.consent.prefix}/"


def asset_file(name: str) -> str:
    """Return the name under which an asset is served: ``cg.css`` is ``cg.0123456789.css``."""
    return assets()[name].file


def page_title(t: Texts, policy: Policy, title: str) -> str:
    """Return the title of one of our pages, with the site's name where the policy has one."""
    return t.get("title.page", title=title, site=policy.site.name) if policy.site.name else title


def message_page(policy: Policy, visit: Visit, *, heading: str, text: str) -> bytes:
    """Return the page that only says something, and leads back to the choices and to the site."""
    t = texts(language_of(policy, visit))
    return render(
        "message.html",
        t=t,
        title=page_title(t, policy, heading),
        base=base_of(policy, visit.root_path),
        home=f"{visit.root_path}/",
        css=asset_file("settings.css"),
        heading=heading,
        text=text,
    )
