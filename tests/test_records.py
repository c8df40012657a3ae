"""Records: exact, sealed, safe to read, and true to what happened."""

import base64
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dexbench.core.errors import DataError, RunError
from dexbench.core.rollout import Ended
from dexbench.evaluation.packing import NUMBERS, pack, unpack
from dexbench.evaluation.record import cut_line, intact, parse, read_rows, seal
from dexbench.evaluation.recorder import Recorder
from dexbench.evaluation.rows import load_run
from dexbench.evaluation.suite import Episode
from tests.toy import Toy, ToyWorld, make_suite, run


@pytest.mark.parametrize("shape", [(0,), (5,), (0, 3), (7, 3), (1, 1)])
def test_arrays_come_back_to_the_bit(shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).normal(size=shape)
    if array.size > 3:
        array.ravel()[:3] = [-0.0, np.inf, np.frombuffer(b"\x01\0\0\0\0\0\xf8\x7f")[0]]  # a NaN with a payload
    packed = json.loads(json.dumps(pack(array)))
    back = unpack(packed, "actions")
    assert back.shape == shape
    assert back.tobytes() == array.tobytes()
    assert back.flags.c_contiguous


def test_packing_pays() -> None:
    """Smooth float32 actions, as policies give them: a fifth less than what zlib makes of them as they are."""
    time = np.linspace(0, 10, 250)[:, None]
    actions = np.sin(time * np.linspace(0.5, 2, 26)).astype(np.float32).astype(np.float64)
    assert len(base64.b64decode(pack(actions)["data"])) < 0.8 * len(zlib.compress(actions.tobytes()))


def packed(**changes: Any) -> dict[str, Any]:
    return {**pack(np.arange(6.0).reshape(3, 2)), **changes}


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (None, "no packed array"),
        (packed(more=1), "no packed array"),
        (packed(dtype="<f4"), "no packed array"),
        (packed(shape=[3, 2, 1]), "not one or two sizes"),
        (packed(shape=[3, -2]), "not one or two sizes"),
        (packed(shape=[3, True]), "not one or two sizes"),
        (packed(shape=[3, 3]), "not the 9 numbers"),
        (packed(shape=[3, 1]), "not the 3 numbers"),
        (packed(shape=[NUMBERS, 2]), f"more than {NUMBERS} numbers"),
        (packed(data="***"), "does not unpack"),
        (packed(data=7), "does not unpack"),
        (packed(data=base64.b64encode(b"nonsense").decode()), "does not unpack"),
        (packed(data=packed()["data"][:-8]), "does not unpack|not the 6 numbers"),
    ],
)
def test_what_is_no_array_is_refused(bad: Any, message: str) -> None:
    with pytest.raises(DataError, match=f"'actions'.*({message})"):
        unpack(bad, "actions")


def test_a_bomb_does_not_go_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """50 MB of zeros in 50 kB: unpacking stops at the size that the shape declares."""
    bomb = base64.b64encode(zlib.compress(bytes(50 * 2**20), 9)).decode()
    grown: list[int] = []
    real = zlib.decompressobj

    class Watched:
        def __init__(self) -> None:
            self._inner = real()

        def decompress(self, data: bytes, limit: int = 0) -> bytes:
            out = self._inner.decompress(data, limit)
            grown.append(len(out))
            return out

        @property
        def eof(self) -> bool:
            return self._inner.eof

    monkeypatch.setattr(zlib, "decompressobj", Watched)
    with pytest.raises(DataError, match="not the 4 numbers"):
        unpack({"shape": [4], "dtype": "<f8", "data": bomb}, "initial")
    assert grown
    assert max(grown) <= 33


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("records")
    run(make_suite(place / "suite"), place / "run")
    return place / "run"


def test_a_row_says_what_happened(folder: Path) -> None:
    row = load_run(folder, blobs=True).episodes[0]
    actions, initial = unpack(row["actions"], "actions"), unpack(row["initial"], "initial")
    assert row["success"]
    assert row["failure"] == "none"
    assert row["success_attempt"] == 1
    assert actions.shape == (row["steps"], 2)
    assert initial.shape == (8,)
    assert initial[4:6].tolist() == row["trial"]["objects"][0]["position"][:2]
    near, held = row["stage_steps"]
    assert row["stages"] == ["near", "held"]
    assert 1 <= near < held < row["steps"]
    assert held - near >= 4
    assert len(row["hashes"]) == row["steps"] // 10 + bool(row["steps"] % 10)
    assert row["hand_force_peak"] == pytest.approx(row["steps"] / 3, abs=1e-4)
    assert row["rejected"] == row["clamped"] == 0


def test_peaks_are_the_largest_force_on_each_pad() -> None:
    """Three steps of one world: the peak is the largest norm, which is neither the last nor a component's."""
    suite_trial = Toy().place(np.random.default_rng(0), "seen")
    world = ToyWorld("toy-v1", 1, ("state", "touch"))
    recorder = Recorder(world, Toy(), [Episode(0, "plain", "toy", suite_trial, 1)], "good")
    world.reset([suite_trial])
    recorder.began(0, 0, suite_trial)
    for force in ([3.0, 0, 0], [0, 3.0, -4.0], [np.nan, 9, 9], [4.5, 0, 0]):
        recorder.stepped([0], np.zeros((1, 2)), {"touch_net": np.array([[force]], np.float32)}, world.outcome())
    row, _ = recorder.finish(Ended(0, 0, suite_trial, 4, world.outcome(), True))
    assert row["touch_peaks"] == {"right/tip": 5.0}
    assert row["steps"] == 4
    assert row["truncated"]


def test_stages_that_were_not_reached_have_no_time(tmp_path: Path) -> None:
    run(make_suite(tmp_path), tmp_path / "run", "nan", settings={})
    rows = load_run(tmp_path / "run").episodes
    assert all(r["rejected"] == r["steps"] // 3 for r in rows if not r["error"])
    lost = [r for r in rows if r["stage"] == 0]
    assert lost
    assert all(r["stage_steps"] == [None, None] and r["success_attempt"] is None for r in lost)


def test_blobs_only_on_request(folder: Path) -> None:
    light = load_run(folder)
    assert light.complete
    assert light.total == 20
    assert light.info["suite"] == "tiny"
    assert not {"initial", "actions", "hashes"} & set(light.episodes[0])


def test_a_seal_holds_for_exactly_its_bytes(folder: Path) -> None:
    line = (folder / "episodes.jsonl").read_bytes().splitlines(keepends=True)[0]
    row = parse(line)
    assert intact(row, line)
    assert seal(row, row["previous"])[0] == line
    for old, new in ((b'"steps":', b'"steps": '), (b'"success":true', b'"success":false'), (b"{", b'{"index":0,')):
        edited = line.replace(old, new, 1)
        assert edited != line
        assert not intact(parse(edited), edited)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{", "no JSON"),
        (b"[]", "no record"),
        (b"\xff", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b'{"index":NaN}', "NaN is no number"),
        (b'{"index":0}', "lacks the field 'previous'"),
        (b'{"index":true}', "'index' is bool, expected int"),
    ],
)
def test_what_is_no_row_is_refused(line: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        parse(line)


def test_reading_forgives_one_cut_line_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    content = (folder / "episodes.jsonl").read_bytes()
    lines = content.splitlines(keepends=True)
    origin, path = json.loads(lines[0])["previous"], tmp_path / "rows"

    def count(*parts: bytes) -> int:
        path.write_bytes(b"".join(parts))
        return len(list(read_rows(path, origin)))

    assert count(content) == 20
    assert count() == 0
    assert [count(content[:-n]) for n in (1, 2, len(lines[-1]) - 1, len(lines[-1]))] == [19, 19, 19, 19]
    for parts, where in (
        ((lines[0], lines[1][:-9] + b"\n", lines[2]), "line 2: is no JSON"),
        ((lines[0], lines[2]), "line 2: holds row 2"),
        ((lines[0], lines[0]), "line 2: holds row 0"),
        ((lines[1],), "line 1: holds row 1"),
        ((lines[0], lines[1].replace(b'"attempts":1', b'"attempts":2')), "line 2: was edited"),
    ):
        with pytest.raises(DataError, match=where):
            count(*parts)


@pytest.mark.parametrize(("content", "cut"), [(b"", 0), (b"ab", 2), (b"ab\n", 0), (b"a\nb" + b"c" * 70_000, 70_001)])
def test_the_cut_off_part_is_found(tmp_path: Path, content: bytes, cut: int) -> None:
    path = tmp_path / "rows"
    path.write_bytes(content)
    with path.open("rb") as file:
        assert cut_line(file) == cut


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is no JSON"),
        ("[]", "no description"),
        ('{"format": 2}', "'format' is 2, this version reads 1"),
        ('{"format": 1, "suite": 3}', "'suite' is missing or no str"),
    ],
)
def test_a_bad_run_file_is_named(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(DataError, match=rf"run\.json: .*{message}"):
        load_run(tmp_path)


def test_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="there is no run here"):
        load_run(tmp_path / "nowhere")
