"""Benchmarks take minutes and a quiet machine, so a plain pytest that is pointed here leaves them out."""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture


@pytest.fixture(autouse=True)
def _only_when_asked(benchmark: BenchmarkFixture) -> None:
    if benchmark.disabled:
        pytest.skip("a benchmark: make bench")
