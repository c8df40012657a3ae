"""What leaderboards/ publishes fits its schema, and the suite that the package has."""

import json
from pathlib import Path

import pytest

from dexbench.evaluation.publication import check
from dexbench.evaluation.suite import load_suite

BOARDS = Path(__file__).parents[1] / "leaderboards"
PUBLISHED = [p for p in BOARDS.glob("*.json") if "schema" not in p.name and p.stem != "audit"]


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda p: p.stem)
def test_published_rows_are_of_this_suite_and_fit_the_schema(path: Path) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    check(document)
    assert {board["suite"] for board in document["boards"]} == {path.stem}
    for board in document["boards"]:
        suite = load_suite(board["suite"])
        assert (str(board["protocol"]), board["table"]) == (str(suite.protocol), suite.table)
        assert all(row["episodes"] == len(suite.episodes) for row in board["rows"])


def test_something_is_published() -> None:
    assert PUBLISHED
