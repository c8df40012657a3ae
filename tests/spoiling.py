"""Files of small hands to spoil: copies, a text replaced in one, the line in which words stand."""

import shutil
from pathlib import Path

SCRATCH = Path(__file__).parent / "scratch"
FILES = ("pincer.xml", "pincer.yaml", "mitten.urdf", "mitten.obj", "mitten.yaml", "claw.yaml")


def copies(folder: Path) -> Path:
    """Return `folder` with copies of the files in it."""
    for name in FILES:
        shutil.copy(SCRATCH / name, folder)
    return folder


def spoil(path: Path, *pairs: tuple[str, str]) -> None:
    """Replace texts that must be there."""
    text = path.read_text()
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    path.write_text(text)


def line_of(path: Path, words: str) -> int:
    return next(i for i, line in enumerate(path.read_text().splitlines(), 1) if words in line)
