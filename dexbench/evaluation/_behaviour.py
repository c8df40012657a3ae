"""Sections of the page that say how it was done: stages, failures, attempts and times, contact forces, films."""

from collections.abc import Callable, Mapping
from typing import Any

from ._charts import curve, percent, share_bar, spoken
from ._results import Board, Row, measured, tone
from .leaderboard import KINDS, Clip
from .markup import Content, Markup, element, fragment, table

Detail = Mapping[str, Any]
SAID = {"worst": "Worst", "median": "Median success", "best": "Fastest success"}


def _details(board: Board, entry: str) -> list[tuple[Row, Detail]]:
    return [(row, d) for row in measured(board) for d in row["details"] if d["entry"] == entry]


def stages(board: Board) -> Markup:
    """Return one funnel for each agent and task: the share of episodes that completed each stage."""
    parts = []
    for entry in board["entries"]:
        panels = []
        for row, detail in _details(board, entry["name"]):
            trials = detail["success"]["trials"]
            counts = [
                *zip(entry["stages"], detail["reached"], strict=False),
                ("success", detail["success"]["successes"]),
            ]
            rows: list[list[Content]] = [
                [
                    stage,
                    share_bar(n / trials if trials else 0.0, f"{n} of {trials} episodes", tone(row)),
                    f"{100 * n / trials:.0f} %" if trials else "–",
                ]
                for stage, n in counts
            ]
            caption = fragment(element("b", row["name"]), f" · {entry['name']}")
            panels.append(
                element("div", table(["Stage", "Episodes that completed it", ""], rows, caption, "panel bars"))
            )
        parts.append(element("div", *panels, class_="panels narrow"))
    return fragment(*parts)


def failures(board: Board) -> Markup:
    """Return a table for each task: how often each failure code was given to each agent."""
    tables = []
    for entry in board["entries"]:
        details = _details(board, entry["name"])
        counts = {(row["name"], f["code"]): f["count"] for row, d in details for f in d["failures"]}
        codes = sorted(
            {code for _, code in counts}, key=lambda c: (-sum(n for (_, k), n in counts.items() if k == c), c)
        )
        if not codes:
            tables.append(element("p", f"{entry['name']}: no failure.", class_="note"))
            continue
        rows: list[list[Content]] = [
            [code, *(_count(counts.get((row["name"], code), 0), d["success"]["trials"]) for row, d in details)]
            for code in codes
        ]
        head: list[Content] = ["Failure code", *(row["name"] for row, _ in details)]
        tables.append(table(head, rows, f"{entry['name']}: episodes by failure code", "heat warm", wide=True))
    return fragment(*tables)


def _count(n: int, trials: int) -> Markup:
    share = 100 * n / trials if trials else 0
    return element(
        "span",
        element("span", n or "·", class_="figure"),
        element("span", f"{share:.0f} %" if n else "", class_="small"),
        class_="cell" if n else "cell none",
        style=f"--share:{share:.0f}%",
    )


def attempts(board: Board) -> Markup:
    """Return a table for each task: success within k attempts, and time."""
    tables = []
    for entry in board["entries"]:
        ks = range(1, entry["attempts"] + 1)
        rows: list[list[Content]] = [
            [
                row["name"],
                *(_ours(detail, k) for k in ks),
                _seconds(detail["time_of_successes_s"]),
                _seconds(detail["restricted_time_s"]),
                curve(detail["curve"], entry["horizon_s"], tone(row)),
            ]
            for row, detail in _details(board, entry["name"])
        ]
        horizon = f"{entry['horizon_s']:g} s"
        head: list[Content] = [
            "Agent",
            *(f"Ours@{k}" for k in ks),
            "Time of successes",
            f"Time, failure = {horizon}",
            f"Solved, 0 to {horizon}",
        ]
        tables.append(table(head, rows, f"{entry['name']}: attempts and time to success", "plain", wide=True))
    return fragment(*tables)


def _ours(detail: Detail, k: int) -> Content:
    found = next((o["success"] for o in detail["ours_at"] if o["k"] == k), None)
    return "–" if found is None else element("span", percent(found), title=spoken(found))


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} s"


def contact(board: Board) -> Markup:
    """Return a table for each task: how hard the hands pressed."""
    tables = []
    for entry in board["entries"]:
        rows: list[list[Content]] = [
            [row["name"], *(_newtons(d[where][what]) for where in ("pad_force", "hand_force") for what in _PEAKS)]
            for row, d in _details(board, entry["name"])
        ]
        head: list[Content] = ["Agent", *(f"{where}, {said}" for where in ("Pad", "Hand") for said in _PEAKS.values())]
        tables.append(
            table(head, rows, f"{entry['name']}: largest contact force of an episode [N]", "plain", wide=True)
        )
    return fragment(*tables)


_PEAKS = {"median_n": "median", "p95_n": "95 %", "max_n": "maximum"}


def _newtons(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def films(board: Board, video: Callable[[Clip], Markup | None], reason: str) -> Markup:
    """Return worst, median and best episode of each agent and task, or why there are none.

    Args:
      board: one board of the document.
      video: returns the video element of a clip, or None where there is none.
      reason: why a video may be missing.
    """
    groups = []
    for entry in board["entries"]:
        for row, detail in _details(board, entry["name"]):
            shown = {e["kind"]: e["episode"] for e in detail["exemplars"]}
            codes = {f["code"]: f["episode"] for f in detail["failures"]}
            figures = []
            for kind in (*KINDS, *codes):
                clip = Clip(board["id"], row["name"], entry["name"], kind)
                film = video(clip) if kind in shown or kind in codes else None
                if film is not None:
                    said = SAID | {c: f"Failure: {c.replace('_', ' ')}" for c in codes}
                    said["worst"] = "Worst failure" if codes else "Slowest success"
                    caption = element("figcaption", element("b", said[kind]), f" · episode {(codes | shown)[kind]}")
                    figures.append(element("figure", film, caption))
            if figures:
                title = element("h4", row["name"], element("span", f" · {entry['name']}", class_="of"))
                groups.append(element("div", title, element("div", *figures, class_="reel"), class_="film"))
    return fragment(*groups) if groups else element("p", f"No films on this page: {reason}", class_="note")
