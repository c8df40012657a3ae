"""Sections of the page that say how good: the ranking, tasks and splits, object families, paired comparisons."""

from collections.abc import Mapping
from typing import Any

from ._charts import interval_bar, percent, scale, spoken
from .markup import Content, Markup, element, fragment, table

Row = Mapping[str, Any]
Board = Mapping[str, Any]


def tone(row: Row) -> str:
    """Return the class that colours a row's marks."""
    return "control" if row["status"] == "control" else ""


def measured(board: Board) -> list[Row]:
    """Return the rows whose numbers are shown: half a run is no measurement."""
    return [row for row in board["rows"] if row["status"] != "incomplete"]


def ranking(board: Board) -> Markup:
    """Return the main table: ranked agents, then controls, then incomplete runs."""
    bodies = []
    sharing = [row["rank"] for row in board["rows"]]
    for status, title in (("ranked", None), ("control", "Controls: should fail"), ("incomplete", "Incomplete runs")):
        rows = [row for row in board["rows"] if row["status"] == status]
        if not rows:
            continue
        lines = [_ranking_row(row, shared=row["rank"] is not None and sharing.count(row["rank"]) > 1) for row in rows]
        if title:
            lines.insert(0, element("tr", element("th", title, colspan=4, scope="rowgroup"), class_="group"))
        bodies.append(element("tbody", *lines))
    head = element(
        "tr",
        element("th", "Rank", scope="col", class_="rank"),
        element("th", "Agent", scope="col"),
        element("th", "Success", scope="col", class_="number"),
        element("th", scale(), scope="col", class_="wide"),
    )
    return element(
        "table",
        element("caption", f"Official success over all {board['episodes']} episodes, with 95 % Wilson interval"),
        element("thead", head),
        *bodies,
        class_="ranking",
    )


def _ranking_row(row: Row, shared: bool) -> Markup:
    rate = row["success"]
    name = fragment(element("span", row["name"], class_="agent"), element("span", row["doc"], class_="doc"))
    if row["status"] == "incomplete":
        state = f"{row['episodes']} of {row['expected']} episodes: not ranked until it is complete"
        return element(
            "tr",
            element("td", "–", class_="rank"),
            element("th", name, scope="row"),
            element("td", element("span", state, class_="doc"), colspan=2),
            class_="faint",
        )
    rank = "–" if row["rank"] is None else f"{row['rank']}{'=' if shared else ''}"
    return element(
        "tr",
        element("td", rank, class_="rank", title="shares this rank" if shared else None),
        element("th", name, scope="row"),
        element(
            "td",
            element("span", percent(rate), class_="figure"),
            element("span", f"{100 * rate['lower']:.1f} – {100 * rate['upper']:.1f}", class_="small"),
            element("span", f"{rate['successes']} of {rate['trials']}", class_="small"),
            class_="number",
        ),
        element("td", interval_bar(rate, tone(row)), class_="wide"),
        class_=row["status"],
    )


def tasks(board: Board) -> Markup:
    """Return one panel for each task and split: every agent on the same scale."""
    splits = sorted({(r["entry"], r["split"]) for row in measured(board) for r in row["results"]})
    panels = []
    for entry in board["entries"]:
        for name, split in splits:
            if name != entry["name"]:
                continue
            rows = [
                [row["name"], interval_bar(r["success"], tone(row)), _compact(r["success"])]
                for row in measured(board)
                for r in row["results"]
                if (r["entry"], r["split"]) == (name, split)
            ]
            caption = fragment(element("b", name), f" · {split}")
            panels.append(element("div", table(["Agent", scale(), "Success"], rows, caption, "panel bars")))
    return element("div", *panels, class_="panels")


def _compact(rate: Row) -> Markup:
    small = element("span", f"{rate['successes']}/{rate['trials']}", class_="small")
    return fragment(element("span", percent(rate, 0), class_="figure"), small)


def families(board: Board) -> Markup | None:
    """Return a table of success by object family for each entry that has several; None if none has."""
    tables = []
    for entry in board["entries"]:
        cells = {
            (row["name"], f["family"], f["split"]): f["success"]
            for row in measured(board)
            for f in row["families"]
            if f["entry"] == entry["name"]
        }
        names = sorted({family for _, family, _ in cells})
        splits = sorted({split for _, _, split in cells})
        if len(names) < 2:
            continue
        head = fragment(
            element(
                "tr",
                element("th", "Agent", rowspan=2, scope="col"),
                *(element("th", family, colspan=len(splits), scope="colgroup") for family in names),
            ),
            element("tr", *(element("th", split, scope="col") for _ in names for split in splits)),
        )
        rows: list[list[Content]] = [
            [row["name"], *(_heat(cells.get((row["name"], family, split))) for family in names for split in splits)]
            for row in measured(board)
        ]
        caption = f"{entry['name']}: success by family of the object"
        tables.append(table(head, rows, caption, "heat split" if len(splits) == 2 else "heat", wide=True))
    return fragment(*tables) if tables else None


def _heat(rate: Row | None) -> Markup:
    if rate is None or rate["rate"] is None:
        return element("span", element("span", "·", aria_label="no episode", role="img"), class_="cell none")
    return element(
        "span",
        element("span", f"{100 * rate['rate']:.0f}", class_="figure"),
        element("span", f"{rate['successes']}/{rate['trials']}", class_="small"),
        class_="cell",
        style=f"--share:{100 * rate['rate']:.0f}%",
        title=spoken(rate),
    )


def comparisons(board: Board) -> Markup:
    """Return the matrix of ranked agents against each other."""
    names = [row["name"] for row in board["rows"] if row["rank"] is not None]
    if len(names) < 2:
        return element("p", "A comparison needs two complete runs of agents that are not controls.", class_="note")
    pairs = {(c["first"], c["second"]): c for c in board["comparisons"]}
    rows: list[list[Content]] = [[one, *(_pair(one, other, pairs) for other in names)] for one in names]
    caption = "Success of the row's agent minus the column's, in points; p corrected for all pairs"
    return table(["", *names], rows, caption, "matrix", wide=True)


def _pair(one: str, other: str, pairs: Mapping[tuple[str, str], Row]) -> Markup:
    if one == other:
        return element("span", "·", class_="cell none")
    pair, sign = (pairs[one, other], 1) if (one, other) in pairs else (pairs[other, one], -1)
    wins = (pair["only_first"], pair["only_second"])[::sign]
    difference = sign * (pair["difference"] or 0.0)
    side = "" if not pair["differs"] else "better" if difference > 0 else "worse"
    p = f"p {_p(pair['p_corrected'])}" if pair["p_corrected"] is not None else "unpaired"
    return element(
        "span",
        element("span", f"{100 * difference:+.1f}".replace("-", "−"), class_="figure"),
        element("span", p, class_="small"),
        element("span", f"{wins[0]} : {wins[1]}", class_="small"),
        class_=f"cell {side}".strip(),
        title=f"only {one} solved {wins[0]}, only {other} solved {wins[1]} of {pair['shared']} shared episodes",
    )


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
