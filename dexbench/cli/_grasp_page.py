"""The page on the grasp library: tables of shares that held, from records of searches."""

from collections.abc import Callable, Iterable, Sequence

from dexbench.core.errors import UnknownName
from dexbench.evaluation.markdown_table import table
from dexbench.evaluation.statistics import wilson
from dexbench.grasp.search_record import SearchRecord
from dexbench.objects.catalogue import family_of
from dexbench.objects.model import PART_CLASSES

WANTED = {"body": "90 %", "disk-like": "60 %", "shaft-like": "45 %", "L-shaped": "20 %"}
"""Shares that a search should reach: of bodies, rims, necks and handles."""

HEAD = """\
# The grasp library

Written by `dexbench grasp table --out docs/grasp_library.md` from the records of the searches
(`assets/grasps/<hand>/parts/search.jsonl`); a test compares. Nothing here is typed.

A candidate is a hand shape with the thumb opposed, laid around a part by the rule of its class
(`dexbench/grasp/alignment.py`). Those whose open hand touches something on its way, and those whose contacts balance
worst, are not simulated. *Held* is the share of the simulated ones that pass the force test
(`dexbench/grasp/pull.py`): the object is free and weighs nothing, the hand closes and presses, and then the object's
weight pulls along +-x, +-y, +-z from the same settled state. Loose: it moves less than 50 mm in all six. Strict: less
than 20 mm and 15 degrees. *Bench* is the same in DexGraspBench's setting: 0.1 kg, friction 0.6, motors of 5 N m/rad
and 3 N m, 2 s a direction, within 50 mm and 15 degrees; its candidates are the best balanced ones. *Good/s* is loose
passes for each second of one core, all steps of the search counted, ranking by lifts included. Brackets: 95 % Wilson
intervals over candidates, which of one object are alike.

Modes: wrap is all fingers against the thumb with the palm near, pinch is thumb, index and middle finger alone.
"""


def page(rows: Sequence[SearchRecord]) -> str:
    """Return the page in Markdown."""
    hands = sorted({row.hand for row in rows})
    lines = [HEAD, "## By part class", ""]
    kinds = [kind for kind in PART_CLASSES if any(r.part_class == kind for r in rows)]
    lines += _table(
        ["part class", "wanted", "mode", "hand"],
        [
            ([kind, WANTED.get(kind, "-"), mode, hand], _of(rows, hand, mode, "part_class", kind))
            for kind in kinds
            for mode in ("wrap", "pinch")
            for hand in hands
        ],
    )
    lines += ["", "## By family and part", ""]
    parts = sorted({(_family(r.instance), r.part, r.part_class) for r in rows})
    lines += _table(
        ["family", "part", "class", "mode", "hand"],
        [
            (
                [family, part, kind, mode, hand],
                [r for r in rows if (r.hand, r.mode, r.part) == (hand, mode, part) and _family(r.instance) == family],
            )
            for family, part, kind in parts
            for mode in ("wrap", "pinch")
            for hand in hands
        ],
    )
    return "\n".join(lines) + "\n"


def _family(instance: str) -> str:
    """Return the family of an object; one that has been taken away since is its own."""
    try:
        return family_of(instance)
    except UnknownName:
        return instance


def _of(rows: Iterable[SearchRecord], hand: str, mode: str, name: str, value: str) -> list[SearchRecord]:
    return [r for r in rows if (r.hand, r.mode, getattr(r, name)) == (hand, mode, value)]


def _table(names: list[str], entries: Iterable[tuple[list[str], list[SearchRecord]]]) -> list[str]:
    """Return the lines of a table; entries without a record are left out."""
    columns = [*names, "objects", "simulated", "loose", "strict", "bench", "kept", "good/s"]
    return table(columns, [[*words, *_numbers(rows)] for words, rows in entries if rows]).splitlines()


def _numbers(rows: Sequence[SearchRecord]) -> list[str]:
    def total(of: Callable[[SearchRecord], float]) -> float:
        return sum(of(row) for row in rows)

    tested, loose = int(total(lambda r: r.tested)), int(total(lambda r: r.loose))
    seconds = total(lambda r: r.seconds)
    return [
        str(len({r.instance for r in rows})),
        str(tested),
        _share(loose, tested),
        _share(int(total(lambda r: r.strict)), tested),
        _share(int(total(lambda r: r.bench)), int(total(lambda r: r.bench_tested))),
        str(int(total(lambda r: r.kept))),
        f"{loose / seconds:.1f}" if seconds else "-",
    ]


def _share(count: int, of: int) -> str:
    """Return a share with its interval [%]; "-" of none."""
    if not of:
        return "-"
    low, high = wilson(count, of)
    return f"{100 * count / of:.0f} % [{100 * low:.0f}, {100 * high:.0f}]"
