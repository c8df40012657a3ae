"""Collections of objects and the commands that drew them: counts, splits, and rows that come again."""

import shutil
from pathlib import Path

import pytest

from dexbench.core.assets import asset_path
from dexbench.core.document import read_document
from dexbench.core.errors import DataError, UnknownName
from dexbench.objects.catalogue import families, load_object, members
from dexbench.objects.collection import collection, collection_names, read_collection
from dexbench.objects.draw import fill
from dexbench.objects.family import load_family
from dexbench.objects.gather import deal

COUNTS = {
    "gr_dexter": {"seen": 20, "unseen": 23},
    "dexgraspvla": {"seen": 36, "unseen": 360},
    "realdex": {"train": 40, "val": 6, "test": 6},
}
"""As the papers have them (arXiv 2512.24210, 2502.20900, 2402.13853)."""


@pytest.mark.parametrize("name", COUNTS)
def test_collections_have_the_numbers_of_their_papers(name: str) -> None:
    found = collection(name)
    assert {split: len(objects) for split, objects in found.splits.items()} == COUNTS[name]
    assert len(set(found.objects)) == sum(COUNTS[name].values())
    assert set(found.objects) <= set(members())
    for split, objects in found.splits.items():
        wanted = "seen" if split in ("seen", "train") else "unseen"
        assert {load_object(n).split for n in objects} == {wanted}, "what is seen in one suite is seen in all"
    assert len({load_object(n).phrase for n in found.objects}) == len(found.objects)


def test_unseen_objects_bring_unseen_families() -> None:
    for name in ("gr_dexter", "dexgraspvla"):
        seen, unseen = ({load_object(n).family for n in objects} for objects in collection(name).splits.values())
        assert len(unseen - seen) >= (5 if name == "gr_dexter" else 4)
    assert collection_names() == tuple(sorted(COUNTS))


@pytest.mark.parametrize("name", COUNTS)
def test_a_collection_is_what_the_command_deals(name: str) -> None:
    text = asset_path(f"collections/{name}.yaml").read_text(encoding="utf-8")
    assert text.endswith(deal(asset_path(f"collections/{name}.yaml")))


@pytest.mark.parametrize("family", families())
def test_rows_are_what_the_command_draws(family: str, tmp_path: Path) -> None:
    """Those of the second list, and of the first one that nobody wrote by hand."""
    source = asset_path(f"objects/{family}.yaml")
    text = source.read_text(encoding="utf-8")
    copy = Path(shutil.copy(source, tmp_path))
    head, more, _ = text.partition("more:\n")
    if more:
        copy.write_text(head, encoding="utf-8")
        described = load_family(family)
        others = [m.split for m in described.members.values() if m.name not in described.instances]
        assert fill(copy, "more", {split: others.count(split) for split in ("seen", "unseen")}) == len(others)
        assert copy.read_text(encoding="utf-8") == text
    assert fill(copy, "instances", {"seen": 0, "unseen": 0}) == 0
    assert copy.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("apple_01", "apple_99", r"realdex\.yaml:\d+: objects\.train\[0\]: unknown object 'apple_99'"),
        ("apple_03", "apple_01", "apple_01 is in split 'train' already"),
        ("apple_01", "apple_05", "apple_05 is unseen; objects of split 'train' are seen"),
        ("train: 40", "train: 41", "40 objects; 41 were announced"),
        ("val: unseen, ", "", "name different splits"),
        ("train: seen", "train: known", "'known' is not known; known: seen, unseen"),
    ],
)
def test_a_wrong_collection_is_refused_with_its_line(old: str, new: str, why: str, tmp_path: Path) -> None:
    text = asset_path("collections/realdex.yaml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "realdex.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError, match=why):
        read_collection(read_document(path))


def test_an_unknown_collection_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownName, match="dexgraspvla"):
        collection("dexgrasp")
