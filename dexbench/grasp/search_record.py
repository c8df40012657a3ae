"""What a search for grasps tried and found: one row for each hand, object, part and mode, kept beside the library."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from dexbench.core.assets import asset_path
from dexbench.core.errors import DataError


@dataclass(frozen=True)
class SearchRecord:
    """One search. Counts are of candidates."""

    hand: str
    instance: str
    part: str
    part_class: str
    mode: str
    seed: int
    drawn: int
    """Laid around the part."""
    tested: int
    """Free on their way, and simulated."""
    loose: int
    """Passed the force test within 50 mm."""
    strict: int
    """Passed it within 20 mm and 15 degrees."""
    bench_tested: int
    """Tested in DexGraspBench's setting too."""
    bench: int
    """Passed there, within 50 mm and 15 degrees."""
    held: int
    """Held in the lift test, of the best that were lifted."""
    kept: int
    """In the library."""
    seconds: float
    """Of one core, without DexGraspBench's tests [s]."""


def records_path(hand: str) -> Path:
    """Return where the records of `hand` are kept."""
    return asset_path(f"grasps/{hand}/parts/search.jsonl")


def read_records(path: Path) -> list[SearchRecord]:
    """Return the rows of a file of records; none where there is no file.

    Raises:
      DataError: a row that does not fit, with its line.
    """
    if not path.is_file():
        return []
    found = []
    names = {f.name: f.type for f in fields(SearchRecord)}
    for line, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(text)
        except json.JSONDecodeError as error:
            raise DataError(f"{path.name}, line {line}: no JSON: {error}; take the line out") from error
        if not isinstance(row, dict) or set(row) != set(names):
            raise DataError(f"{path.name}, line {line}: needs exactly {', '.join(names)}")
        record = SearchRecord(**row)
        if (
            not 0 <= record.strict <= record.loose <= record.tested <= record.drawn
            or record.bench > record.bench_tested
        ):
            raise DataError(f"{path.name}, line {line}: counts that cannot be: {text}")
        found.append(record)
    return found


def write_records(rows: list[SearchRecord], path: Path) -> None:
    """Write rows, sorted, one a line; of two for the same part and mode the later one."""
    last = {(r.instance, r.part, r.mode): r for r in rows}
    text = "".join(json.dumps(asdict(last[key])) + "\n" for key in sorted(last))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
