"""A document with a field that does not fit, mended just enough that reading goes on, and lines stay where they are."""

import yaml

from dexbench.core.document import Node

_LEAVES = ("pads", "couplings", "parameters", "collision", "visual", "actuators", "fingers")
"""Blocks out of which an entry can be left without another block missing it much."""
_ALONE = ("rest", "touch", "mirror")
"""Blocks that can be left out as a whole."""


def mended(text: bytes, trail: tuple[str | int, ...], file: str) -> tuple[Node, bytes] | None:
    """Return the document without the entry at `trail`, or with a range that fits, and its text; None if it cannot be.

    Args:
      text: YAML, valid.
      trail: keys and indices to the field that does not fit.
      file: its name, for errors.
    """
    if not trail:
        return None
    if trail[-1] == "range":
        span, new = _span(text, trail), b" [-1, 1]"  # a block may begin at its key's own column, this may not
    elif trail[0] in _ALONE:
        span, new = _span(text, trail[:1]), b""
        span = span and (_key(text, str(trail[0])), span[1])
    elif trail[0] in _LEAVES and any(isinstance(key, int) for key in trail):
        first = next(i for i, key in enumerate(trail) if isinstance(key, int))
        span, new = _span(text, trail[: first + 1]), b""
        start = span and text.rfind(b"\n", 0, span[0]) + 1
        if span is None or start is None or text[start : span[0]].strip() != b"-":
            return None
        span = start, span[1]
    else:
        return None
    if span is None:
        return None
    gone = text[span[0] : span[1]].rstrip()  # a block ends where the next begins, whose indentation must stay
    text = text[: span[0]] + new + b"\n" * gone.count(b"\n") + text[span[0] + len(gone) :]
    try:
        return Node(yaml.safe_load(text), "", file, text), text
    except yaml.YAMLError:
        return None


def _span(text: bytes, trail: tuple[str | int, ...]) -> tuple[int, int] | None:
    """Return where the value at `trail` begins and ends in the text [bytes]."""
    node = yaml.compose(text, yaml.SafeLoader)
    for key in trail:
        if isinstance(node, yaml.MappingNode):
            node = next((v for k, v in node.value if str(k.value) == str(key)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
            node = node.value[key]
        else:
            return None
    if node is None:
        return None
    return _offset(text, node.start_mark), _offset(text, node.end_mark)


def _offset(text: bytes, mark: yaml.Mark) -> int:
    lines = text.decode("utf-8", "replace").splitlines(keepends=True)
    return len(
        "".join([*lines[: mark.line], lines[mark.line][: mark.column] if mark.line < len(lines) else ""]).encode()
    )


def _key(text: bytes, key: str) -> int:
    """Return where a key of the document begins [bytes]."""
    node = yaml.compose(text, yaml.SafeLoader)
    found = next(k for k, _ in node.value if k.value == key) if isinstance(node, yaml.MappingNode) else None
    return _offset(text, found.start_mark) if found is not None else 0
