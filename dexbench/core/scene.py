"""What a task sees of the worlds: physical quantities as arrays over worlds, without any robot's names."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from dexbench.core.errors import UnknownName
from dexbench.core.schema import Array
from dexbench.core.trial import Trial


@dataclass
class Scene:
    """n cells with S hands and K objects each. Cell frame: origin on the table, x forward, y left, z up.

    Objects are the slots, and after them every body of the articulated objects: a drawer is an object of its own.
    Positions of articulated objects are those of the last physics step but one, 4 ms old.

    Forces count the palm and the fingers as "hand"; forearm and arm are not a hand.
    """

    trials: list[Trial]
    """The running trial of each world."""
    rows: Array
    """(n,) 0, 1, ... n - 1: for picking one entry of each world."""
    sides: tuple[str, ...]
    """Hands present, for example ("right", "left")."""
    time: Array
    """(n,) since the episode began [s]."""
    period: float
    """One control period [s]."""
    target: Array
    """(n,) int: slot of the object that the instruction names."""
    object_position: Array
    """(n, K, 3) of the object frames [m]."""
    object_quaternion: Array
    """(n, K, 4) wxyz."""
    object_velocity: Array
    """(n, K, 6) linear [m/s] in the cell frame, angular [rad/s]: of slots in the object frame, else in the cell's."""
    object_centre: Array
    """(n, K, 3) centres of mass [m]."""
    palm_position: Array
    """(n, S, 3) of the palm frames [m]."""
    hand_contacts: Array
    """(n, S, K) most contacts between a hand and an object at any time in the last period."""
    hand_force: Array
    """(n, S, K) size of the net contact force of a hand on an object, the last sample [N]."""
    other_contacts: Array
    """(n, K) most contacts of an object with anything but hands, at any time in the last period."""
    memory: dict[str, Array] = field(default_factory=dict)
    """Whatever the task keeps per world; its arrays are (n, ...) and belong to the task."""
    names: tuple[str, ...] = ()
    """Of the K objects: "object_0" and so on, then for example "cabinet", "cabinet/drawer_top"."""
    joint_names: tuple[str, ...] = ()
    """Of the J joints of articulated objects, for example "cabinet/drawer_top"."""
    joint_position: Array = field(default_factory=lambda: np.zeros((0, 0)))
    """(n, J) of those joints [rad or m]."""
    joint_velocity: Array = field(default_factory=lambda: np.zeros((0, 0)))
    """(n, J) [rad/s or m/s]."""
    peak_force: Array = field(default_factory=lambda: np.zeros((0, 0)))
    """(n, K) largest normal force of any one contact on an object at any time in the last period [N]; measured only
    where the task says `senses_force`."""

    piece_contacts: Array = field(default_factory=lambda: np.zeros((0, 0, 0)))
    """(n, slots, P) contacts of the hands with each collision piece of the object in a slot, the last sample; measured
    only where the task says `senses_parts`. Which part a piece belongs to: ObjectModel.pieces."""

    def index(self, name: str) -> int:
        """Return which object is called `name`; raise UnknownName."""
        return _place("object of the scene", name, self.names)

    def joint(self, name: str) -> int:
        """Return which joint is called `name`; raise UnknownName."""
        return _place("joint of an articulated object", name, self.joint_names)


def _place(kind: str, name: str, names: tuple[str, ...]) -> int:
    if name not in names:
        raise UnknownName(kind, name, names)
    return names.index(name)


WorldIds = Sequence[int] | Array
