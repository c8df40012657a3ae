"""Small inline SVG charts. Each says in words what it shows, and stands beside its number, never instead of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from .markup import Markup, element

QUARTERS = (0, 25, 50, 75, 100)


def percent(rate: Mapping[str, Any], digits: int = 1) -> str:
    """Return a rate of the document as text, for example "91.7 %"."""
    return "undefined" if rate["rate"] is None else f"{100 * rate['rate']:.{digits}f} %"


def spoken(rate: Mapping[str, Any]) -> str:
    """Return a rate of the document in words."""
    return (
        f"{percent(rate)}, {rate['successes']} of {rate['trials']}; 95 % interval {100 * rate['lower']:.1f} to "
        f"{100 * rate['upper']:.1f} %"
    )


def interval_bar(rate: Mapping[str, Any], tone: str = "") -> Markup:
    """Return a rate as a dot on its interval, on a rail from 0 to 100 %."""
    marks = [element("line", x1=0, x2="100%", y1=9, y2=9, class_="rail")]
    marks += [
        element("line", x1=f"{q}%", x2=f"{q}%", y1=4, y2=14, class_="tick" if q % 50 else "tick strong")
        for q in QUARTERS
    ]
    low, high = 100 * rate["lower"], 100 * rate["upper"]
    marks.append(element("rect", x=f"{low:.2f}%", y=6, width=f"{high - low:.2f}%", height=6, rx=3, class_="range"))
    if rate["rate"] is not None:
        marks.append(element("circle", cx=f"{100 * rate['rate']:.2f}%", cy=9, r=4.5, class_="dot"))
    return element(
        "span",
        element("svg", *marks, width="100%", height=18, role="img", aria_label=spoken(rate)),
        class_=f"bar {tone}".strip(),
    )


def scale() -> Markup:
    """Return the labels above a column of interval bars."""
    return element(
        "span",
        element("span", "Success with 95 % interval", class_="sr"),
        *(element("span", q, style=f"left:{q}%", aria_hidden="true") for q in (0, 50, 100)),
        class_="scale",
    )


def share_bar(share: float, words: str, tone: str = "") -> Markup:
    """Return a share in [0, 1] as a filled bar."""
    return element(
        "span",
        element(
            "svg",
            element("rect", x=0, y=3, width="100%", height=8, class_="hollow"),
            element("rect", x=0, y=3, width=f"{100 * share:.2f}%", height=8, class_="filled"),
            width="100%",
            height=14,
            role="img",
            aria_label=words,
        ),
        class_=f"bar {tone}".strip(),
    )


def curve(shares: Sequence[float], horizon: float, tone: str = "") -> Markup:
    """Return the share solved over time, from 0 to `horizon` [s]."""
    width, height = 132, 34
    steps = max(len(shares) - 1, 1)
    points = " ".join(f"{i * width / steps:.1f},{height - 2 - s * (height - 4):.1f}" for i, s in enumerate(shares))
    half = next((i * horizon / steps for i, s in enumerate(shares) if s >= 0.5), None)
    words = f"share solved over {horizon:g} s: " + (
        f"half by {half:.1f} s" if half is not None else f"{100 * shares[-1]:.0f} % at the end" if shares else "nothing"
    )
    return element(
        "span",
        element(
            "svg",
            element("line", x1=0, x2=width, y1=height - 2, y2=height - 2, class_="tick strong"),
            element("line", x1=0, x2=width, y1=height / 2, y2=height / 2, class_="tick"),
            element("line", x1=0, x2=width, y1=2, y2=2, class_="tick"),
            element("polyline", points=points, class_="trace"),
            width=width,
            height=height,
            viewBox=f"0 0 {width} {height}",
            role="img",
            aria_label=words,
        ),
        class_=f"bar {tone}".strip(),
    )
