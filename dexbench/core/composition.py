"""Compositions: any hand in the place of another on the same arm, so that a hand is one file.

An embodiment called <hand>_<arm> or <hand>_<arm>_<more> is a rig: it says where arms stand, how they rest and within
which limits everything moves, while a hand brings its own mount and rest. So shadow_ur10e_bimanual with hand `claw`
is claw_ur10e_bimanual.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from dexbench.core.document import Node


def compositions(rigs: Iterable[str], hands: Iterable[str], arms: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return {name: (rig, hand)} of every hand in every rig; nothing is read.

    Args:
      rigs: names of embodiments; where two give the same name, the first does.
      hands: names of all hands.
      arms: names of all arms.
    """
    hands, arms = list(hands), list(arms)
    found: dict[str, tuple[str, str]] = {}
    for rig in rigs:
        for own in hands:
            if any(f"{rig}_".startswith(f"{own}_{arm}_") for arm in arms):
                for hand in hands:
                    found.setdefault(hand + rig.removeprefix(own), (rig, hand))
    return found


def compose(rig: Node, name: str, hand: str, arm_motors: Mapping[str, frozenset[str]]) -> dict[str, Any]:
    """Return the document of `rig` with `hand` on every arm.

    Args:
      rig: an embodiment's document.
      name: the new embodiment's name.
      hand: the hand's name.
      arm_motors: names of the actuators of each arm in it: what else `home` names belonged to the hand before.
    """
    sides = {}
    for side, row in rig["sides"].mapping().items():
        motors = arm_motors[row.text("arm")]
        sides[side] = {
            **_plain(row),
            "hand": hand,
            "mount": {"frame": row["mount"].text("frame")},
            "home": {k: v for k, v in _plain(row["home"]).items() if k in motors},
        }
    return {**_plain(rig), "name": name, "sides": sides}


def _plain(node: Node) -> dict[str, Any]:
    return {key: field.value for key, field in node.mapping().items()}
