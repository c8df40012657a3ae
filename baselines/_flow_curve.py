"""The curve of a training, as a picture that needs no library."""

from collections.abc import Sequence

import numpy as np

WIDTH, HEIGHT, EDGE = 640, 320, 48
"""[px]"""
LINES = (("loss", "#1f6f8b", "trained on"), ("held_out", "#c8553d", "held out"))
"""Entry of the log, colour, name."""


def draw_curve(log: Sequence[dict[str, float]]) -> str:
    """Return an SVG of the losses in `log` over iterations; the loss on a logarithmic scale."""
    steps = np.array([row["iteration"] for row in log])
    values = np.log10([[max(row[name], 1e-9) for name, _, _ in LINES] for row in log])
    low, high = float(np.floor(values.min() * 4) / 4), float(np.ceil(values.max() * 4) / 4)
    span = max(high - low, 0.25)
    across = EDGE + (WIDTH - 2 * EDGE) * steps / steps.max()
    up = HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * (values - low) / span
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
    ]
    for mark in np.arange(low, low + span + 1e-9, 0.25):
        y = HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * (mark - low) / span
        parts.append(f'<path d="M{EDGE} {y:.1f}H{WIDTH - EDGE}" stroke="#ddd"/>')
        parts.append(f'<text x="{EDGE - 6}" y="{y + 4:.1f}" text-anchor="end">{10**mark:.3g}</text>')
    for k, (_, colour, label) in enumerate(LINES):
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, up[:, k], strict=True))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        parts.append(f'<text x="{WIDTH - EDGE}" y="{20 + 16 * k}" text-anchor="end" fill="{colour}">{label}</text>')
    parts.append(f'<text x="{EDGE}" y="20">mean square error of the clean chunk (in standard deviations)</text>')
    parts.append(
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 14}" text-anchor="middle">iterations, to {int(steps.max())}</text>'
    )
    return "\n".join([*parts, "</svg>\n"])
