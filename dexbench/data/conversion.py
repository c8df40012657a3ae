"""Other projects' files as LeRobot datasets of our layout: what they hold, and no more.

A converted set is of no robot and no task of ours: it has no trial that could be set up again, and columns are only
those that the files give. What is missing or not known is said in the set itself (`meta/info.json`, `dexbench`,
`notes`) and printed.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from dexbench.core.errors import DataError, UnknownName

from .dexgraspvla_layout import read_dexgraspvla
from .foreign import Foreign
from .lerobot_writer import Writer
from .realdex_layout import read_realdex

NO_WORDS = "no instruction was recorded"


Reader = Callable[[Path, str], Foreign]
"""Reads a folder or file; the words are the instruction of its episodes."""


READERS: dict[str, tuple[Reader, float]] = {"realdex": (read_realdex, 0.0), "dexgraspvla": (read_dexgraspvla, 20.0)}
"""Readers by layout, with the rate of their recordings where it is published, else 0 [Hz]."""


def convert(
    source: Path, layout: str, folder: Path, rate_hz: float = 0.0, instruction: str = ""
) -> tuple[int, Sequence[str]]:
    """Convert another project's recordings; return the number of episodes, and what is missing or not known.

    Args:
      source: folder or file in that layout.
      layout: "realdex" or "dexgraspvla".
      folder: for the dataset; must not exist.
      rate_hz: of the recordings; needed where the layout does not fix it.
      instruction: of all episodes; the layouts hold none.

    Raises:
      UnknownName: no such layout.
      DataError: files that are not in that layout, or are broken; no rate.
    """
    if layout not in READERS:
        raise UnknownName("layout", layout, READERS)
    read, fixed = READERS[layout]
    if not (rate_hz or fixed):
        raise DataError(
            f"files in {layout}'s layout do not say at which rate they were recorded; give it with --rate HZ"
        )
    if not source.exists():
        raise DataError(f"{source} does not exist")
    found = read(source, instruction or NO_WORDS)
    notes = found.notes
    if not instruction:
        notes = (*notes, "The files hold no instruction; give one with --instruction.")
    count = 0
    note = {"layout": layout, "source": source.name}
    with Writer(folder, layout, layout, rate_hz or fixed, found.columns, note, said=notes) as writer:
        for episode in found.episodes:
            writer.add(episode)
            count += 1
    return count, notes
