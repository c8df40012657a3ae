"""The hand that a report is about, by name: an embodiment that has it, and what its file says of its own numbers."""

from dataclasses import dataclass

from dexbench.core.document import Node, read_document
from dexbench.core.embodiment import Embodiment
from dexbench.core.errors import DataError
from dexbench.core.shelf import EMBODIMENTS, HANDS, entries, load_embodiment, locate, names

WORDS = ("exact", "derived", "estimated")


@dataclass(frozen=True)
class Block:
    """What a hand's file says of one block of its numbers."""

    name: str
    confidence: str
    """One of WORDS."""
    why: str
    """Of an estimate; else the sources."""


@dataclass(frozen=True)
class Subject:
    """A hand, and where it comes from."""

    name: str
    full_name: str
    embodiment: Embodiment
    side: str
    blocks: tuple[Block, ...]
    sources: tuple[str, ...]


def find_hand(name: str, side: str = "right") -> Subject:
    """Return hand `name`, on the smallest embodiment that has it.

    Raises:
      UnknownName: no such hand; says which there are.
      DataError: no embodiment takes it.
    """
    document = read_document(locate(HANDS, name))
    known = [n for n in names(EMBODIMENTS) if n.startswith(f"{name}_") and "+" not in n]
    files = entries(EMBODIMENTS)  # a rig of its own rather than one put together
    for candidate in sorted(known, key=lambda n: ("bimanual" in n, n not in files, n)):
        embodiment = load_embodiment(candidate)
        if side in embodiment.parts and embodiment.parts[side].hand.name == document.text("name"):
            full = document.text("full_name", name)
            return Subject(name, full, embodiment, side, tuple(_blocks(document)), tuple(_sources(document)))
    raise DataError(f"no embodiment has hand {name!r} on its {side} side: there must be an arm that it can be put on")


def _blocks(document: Node) -> list[Block]:
    """Return what the top blocks, and blocks in them, say of themselves."""
    found = []
    for name, field in document.mapping().items():
        if not isinstance(field.value, dict):
            continue
        for where, block in ((name, field), *((f"{name}.{k}", v) for k, v in field.mapping().items())):
            if isinstance(block.value, dict) and block.has("confidence"):
                why = block.text("why", "") or ", ".join(block.names("sources", ()))
                found.append(Block(where, block.text("confidence"), why))
    return found


def _sources(document: Node) -> list[str]:
    if not document.has("sources") or not isinstance(document["sources"].value, dict):
        return []
    return [f"{key}: {field.value}" for key, field in document["sources"].mapping().items()]
