"""The page about suites: it is what the code would write, and its numbers are the published ones."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from dexbench.cli.main import main
from dexbench.cli.suite_page import page
from dexbench.core.shelf import SUITES, names
from dexbench.evaluation.published import measured, pooled
from dexbench.evaluation.suite import find_suite, load_suite, read_plan
from dexbench.evaluation.suite_page import suites_page

PAGE = Path(__file__).resolve().parents[1] / "docs" / "suites.md"


def test_the_page_is_what_the_code_would_write(capsys: pytest.CaptureFixture[str]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == page(), "stale: dexbench suite page"
    assert [name for name in names(SUITES) if f"\n## {name}\n" not in text] == []
    assert main(["suite", "page", "--check", "--out", str(PAGE)]) == 0
    assert capsys.readouterr().out == ""


def test_a_stale_page_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "suites.md"
    assert main(["suite", "page", "--check", "--out", str(out)]) == 1
    assert "STALE" in capsys.readouterr().out
    assert main(["suite", "page", "--out", str(out)]) == 0
    assert main(["suite", "page", "--check", "--out", str(out)]) == 0


def test_the_shipped_suites_have_200_plain_episodes_of_each_task_and_robot() -> None:
    """Else raise the counts of suite experts."""
    counts: Counter[tuple[str, str]] = Counter()
    for name in names(SUITES):
        for entry in read_plan(find_suite(name)).entries:
            if not entry.perturbations:
                counts[entry.task, entry.embodiment] += sum(entry.splits.values())
    assert {cell: count for cell, count in counts.items() if count < 200} == {}


def test_rates_are_those_of_the_present_table() -> None:
    suite = load_suite("quick")
    rates = [m for m in measured("scripted") if m.suite == "quick"]
    assert sum(m.trials for m in rates) == len(suite.episodes)
    assert pooled(rates) in suites_page([suite], "scripted")
    assert "(" not in suites_page([replace(suite, table="0" * 64)], "scripted").partition("## quick")[2].replace(
        "](", ""
    )
    assert pooled([]) == ""
