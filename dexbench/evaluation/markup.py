"""HTML built from values: text is escaped unless it was built here, so nothing from a run folder becomes markup."""

import html


class Markup(str):
    """HTML that is known to be safe: made by `element` or `fragment`, or written by hand in DexBench."""

    __slots__ = ()


Content = str | int | float | None


def escaped(content: Content) -> str:
    """Return `content` as HTML text; Markup stays as it is, None is nothing."""
    if content is None:
        return ""
    return content if isinstance(content, Markup) else html.escape(str(content), quote=True)


def fragment(*contents: Content) -> Markup:
    """Return `contents` one after the other."""
    return Markup("".join(map(escaped, contents)))


def element(tag: str, /, *contents: Content, **attributes: str | int | float | bool | None) -> Markup:
    """Return an element.

    Args:
      tag: its name.
      contents: what stands in it.
      attributes: "_" stands for "-" and a trailing one is dropped (`class_`); True gives a bare attribute, None and
        False none.
    """
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{html.escape(str(value), quote=True)}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if tag in ("meta", "img", "line", "rect", "circle", "polyline", "path", "br", "source"):
        return Markup(f"<{tag}{written}/>")
    return Markup(f"<{tag}{written}>{fragment(*contents)}</{tag}>")


def table(
    head: list[Content] | Markup,
    rows: list[list[Content]],
    caption: Content = None,
    class_: str = "",
    wide: bool = False,
) -> Markup:
    """Return a table whose first column names its rows; `wide` ones scroll sideways in a box the keyboard reaches.

    `head` holds the labels of the columns, or whole head rows as Markup.
    """
    if not isinstance(head, Markup):
        head = element("tr", *(element("th", cell, scope="col") for cell in head))
    made = element(
        "table",
        element("caption", caption) if caption else None,
        element("thead", head),
        element("tbody", *(_row(row) for row in rows)),
        class_=class_ or None,
    )
    if not wide:
        return made
    label = caption if isinstance(caption, str) and not isinstance(caption, Markup) else "table, scrolls sideways"
    return element("div", made, class_="scroll", role="region", tabindex=0, aria_label=label)


def _row(cells: list[Content]) -> Markup:
    return element("tr", element("th", cells[0], scope="row"), *(element("td", cell) for cell in cells[1:]))
