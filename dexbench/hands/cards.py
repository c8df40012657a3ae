"""Sections of a hand's page that are made of pictures, and the tables of touch."""

from collections.abc import Mapping, Sequence
from typing import Any

from dexbench.evaluation.markup import Content, Markup, element, fragment, table


def kapandji_cards(kapandji: Mapping[str, Any], no_pictures: str) -> Markup:
    """Return a picture and the verdict for each place that the thumb goes to."""
    cards = []
    for row in kapandji["landmarks"]:
        if row["distance_m"] is None:
            numbers = ""
        else:
            numbers = f"{1000 * row['distance_m']:.1f} mm away, {1000 * row['depth_m']:.1f} mm deep"
            if not row["passed"]:
                numbers += f"; the joints alone reach {1000 * row['joints_alone_m']:.1f} mm"
        cards.append(_card(row, f"{row['number']}. {row['name']}", numbers))
    return fragment(_absent(no_pictures), element("div", *cards, class_="pictures"))


def grasp_cards(feix: Mapping[str, Any], no_pictures: str) -> Markup:
    """Return a picture and the verdict for each type of grasp, by group."""
    parts: list[Content] = [_absent(no_pictures)]
    for group, (passed, of) in feix["groups"].items():
        rows = [row for row in feix["types"] if row["group"] == group]
        parts.append(element("h4", f"{group.capitalize()}: {passed} of {of}"))
        parts.append(element("div", *(_grasp(row) for row in rows), class_="pictures"))
    return fragment(*parts)


def _grasp(row: Mapping[str, Any]) -> Markup:
    size = " x ".join(f"{1000 * s:g}" for s in row["object"]["size_m"])
    words = f"{row['opposition']} opposition, thumb {row['thumb']}; {row['object']['kind']} {size} mm (half)"
    if row["passed"]:
        worst = 1000 * max(row["slips_m"])
        words += f"; moves {worst:.1f} mm, turns {57.3 * max(row['turns_rad']):.1f} degrees at most"
    return _card(row, f"{row['number']}. {row['name']}", words)


def _card(row: Mapping[str, Any], title: str, words: str) -> Markup:
    verdict = "passed" if row["passed"] else "failed"
    return element(
        "figure",
        image(row["picture"], f"{title}: {verdict}"),
        element(
            "figcaption",
            element("span", verdict, class_="verdict"),
            element("b", title),
            element("span", row["why"], class_="why") if row["why"] else None,
            element("span", words, class_="small"),
        ),
        class_="yes" if row["passed"] else "no",
    )


def image(address: str | None, words: str, class_: str = "") -> Markup | None:
    """Return a picture with its description; nothing where there is none."""
    if address is None:
        return None
    image = element("img", src=address, alt=words, width=320, height=240, loading="lazy")
    return element("div", image, class_=class_) if class_ else image


def _absent(why: str) -> Markup | None:
    return element("p", f"No pictures on this page: {why}", class_="note") if why else None


def touch_tables(touch: Mapping[str, Any]) -> Markup:
    """Return what the calibration of touch found."""
    if not touch["fitted"]:
        also = f" Sensors that can be fitted: {', '.join(touch['options'])}." if touch["options"] else ""
        return element("p", f"This hand has no touch sensor fitted, so there is nothing to calibrate.{also}")
    summary: list[list[Content]] = [[k.replace("_", " "), _shown(v)] for k, v in touch["summary"].items()]
    rows = touch["rows"]
    parts: list[Content] = [table(["Claim", "Measured"], summary, "Indenter on every pad", class_="left", wide=True)]
    if rows:
        keys: Sequence[str] = list(rows[0])
        body: list[list[Content]] = [[_shown(row[k]) for k in keys] for row in rows]
        head: list[Content] = [k.replace("_", " ") for k in keys]
        parts.append(table(head, body, "By indenter, angle and force", class_="plain", wide=True))
    return fragment(*parts)


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return ", ".join(f"{k} {_shown(v)}" for k, v in value.items())
    return ", ".join(map(_shown, value)) if isinstance(value, list) else str(value)
