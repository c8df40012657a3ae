"""The frame of every page: one HTML file that loads nothing, with style, script and a policy that forbids the rest."""

import base64
import hashlib
from importlib.resources import files

from .markup import Content, Markup, element, fragment


def paper(title: str, *contents: Content, style: str = "") -> str:
    """Return a whole page. Its policy forbids other scripts and any network.

    Args:
      title: what the browser's window says.
      contents: of the body.
      style: more style sheet after that of all pages.
    """
    own, script = _part("page.css"), _part("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; img-src data:; media-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", Markup(own + style)),
    )
    body = element(
        "body",
        *contents,
        element("footer", element("p", "DexBench. This page is one file: it loads nothing and works offline.")),
        element("script", Markup(script)),
    )
    return fragment(Markup("<!DOCTYPE html>\n"), element("html", head, body, lang="en"), Markup("\n"))


def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
