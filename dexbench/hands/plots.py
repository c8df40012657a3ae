"""Plots of a hand's report as inline SVG; each says in words what it shows."""

from collections.abc import Mapping
from typing import Any

from dexbench.evaluation.markup import Markup, element

COLOURS = {"thumb": "#b4531c", "index": "#0b6f7d", "middle": "#5a7d1f", "ring": "#8a6d00", "little": "#6b4fa0"}
"""Of fingers, readable on light and dark paper."""
SCALE = 1100.0
"""Pixels a metre."""
_VIEWS = {
    "front": ("In front of the palm", "towards the thumb's side", -1),
    "side": ("From the thumb's side", "out of the palm", 1),
}


def workspace_plots(tips: Mapping[str, Any]) -> list[Markup]:
    """Return the outline of what each fingertip reaches, from two sides; fingers point up, one square is 5 cm."""
    return [_plot(plane, tips) for plane in _VIEWS]


def _plot(plane: str, tips: Mapping[str, Any]) -> Markup:
    title, across, sign = _VIEWS[plane]
    points = [p for tip in tips.values() for p in tip["outlines"][plane]] + [[0.0, 0.0]]
    left, right = min(sign * p[0] for p in points) - 0.01, max(sign * p[0] for p in points) + 0.01
    low, high = min(p[1] for p in points) - 0.01, max(p[1] for p in points) + 0.01
    width, height = (right - left) * SCALE, (high - low) * SCALE

    def place(point: list[float]) -> str:
        return f"{(sign * point[0] - left) * SCALE:.1f},{(high - point[1]) * SCALE:.1f}"

    lines = []
    for k in range(-10, 11):
        at = k * 0.05
        if left <= at <= right:
            x = f"{(at - left) * SCALE:.1f}"
            lines.append(
                element("line", x1=x, x2=x, y1=0, y2=f"{height:.1f}", class_="tick strong" if k == 0 else "tick")
            )
        if low <= at <= high:
            y = f"{(high - at) * SCALE:.1f}"
            lines.append(
                element("line", x1=0, x2=f"{width:.1f}", y1=y, y2=y, class_="tick strong" if k == 0 else "tick")
            )
    for finger, tip in tips.items():
        outline = tip["outlines"][plane]
        path = "M" + "L".join(place(p) for p in outline) + "Z"
        colour = COLOURS.get(finger, "currentColor")
        lines.append(element("path", d=path, fill=colour, fill_opacity="0.13", stroke=colour, stroke_width="1.8"))
    words = f"{title}: outlines of what {', '.join(tips)} reach; fingers point up, to the right is {across}"
    if sign < 0:
        words = words.replace("to the right is", "to the left is")
    return element(
        "figure",
        element(
            "svg",
            *lines,
            viewBox=f"0 0 {width:.0f} {height:.0f}",
            width=f"{width:.0f}",
            height=f"{height:.0f}",
            role="img",
            aria_label=words,
            style="max-width:100%;height:auto",
        ),
        element("figcaption", f"{title}. Squares of 5 cm; the cross is the palm frame."),
    )


def legend(fingers: Mapping[str, Any]) -> Markup:
    """Return which colour is which finger."""
    return element(
        "p",
        *(
            element("span", element("i", style=f"background:{COLOURS.get(f, 'currentColor')}"), f, class_="key")
            for f in fingers
        ),
        class_="legend",
    )
