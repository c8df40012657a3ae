"""What a task sees of the worlds: physical quantities as arrays over worlds, without any robot's names."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from dexbench.core.schema import Array
from dexbench.core.trial import Trial


@dataclass
class Scene:
    """n cells with S hands and K objects each. Cell frame: origin on the table, x forward, y left, z up.

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
    """(n, K, 6) linear [m/s] in the cell frame, angular [rad/s] in the object frame."""
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


WorldIds = Sequence[int] | Array
