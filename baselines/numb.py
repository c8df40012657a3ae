"""The expert without touch: its readings are zero, or those of another moment with the pads changed round.

What it reaches is the touch-free ceiling of a task; a task that needs touch must put it below the expert. A third
setting, touch=lag, which no audit runs by itself, guesses what pads would say from how far the fingers' joints lag
behind where they were sent: a sense of force in the motors. It tells what touch is worth to a hand that has one.
"""

from collections.abc import Sequence

import numpy as np

from dexbench.core.embodiment import Embodiment
from dexbench.core.errors import ContractError, UnknownName
from dexbench.core.schema import Array, Observation
from dexbench.core.world import WorldSpec

from ._within import Within

OBSERVES = ("state", "objects", "kinds", "touch")
CONTROL = True
AUDIT_ONLY = True
AGAINST = "touch"
VARIANTS = ({"touch": "off"}, {"touch": "shuffled"})

OFF, SHUFFLED, LAG = "off", "shuffled", "lag"
STIFF = 30.0
"""Force of a pad for the lag of its finger's joints, all together [N/rad]. Of 15, 25, 40 and 100 the middle two served
best on Shadow and ByteDexter; the fingers' gains are of that order over half a finger's length."""
FELT = 0.3
"""Guesses below this are taken for the lag of a moving finger, and no touch [N]."""


class Numb(Within):
    """Shuffled: every reading is that of a moment drawn from the episode so far, the pads in an order drawn for it.

    So its sizes are those of real touch, and neither when nor where anything was touched can be told from it.
    """

    name = "numb"

    def __init__(self, world: WorldSpec, agent: str, touch: str) -> None:
        super().__init__(world, agent)
        if touch not in (OFF, SHUFFLED, LAG):
            raise UnknownName("touch", touch, (OFF, SHUFFLED, LAG))
        self._fields = [f.name for f in world.observations.fields if f.group == "touch"]
        if not self._fields:
            raise ContractError("this body has no touch")
        self._pads = {name: world.observations[name].shape[0] for name in self._fields}
        self._shuffled, self._lags = touch == SHUFFLED, touch == LAG
        self._fingers = [np.array(found) for found in joints_of_pads(self.robot)]
        self._rng: dict[int, np.random.Generator] = {}
        self._felt: dict[int, list[dict[str, Array]]] = {}
        self._order: dict[int, dict[int, Array]] = {}

    def reset(self, worlds: Sequence[int], instructions: Sequence[str], seeds: Sequence[int]) -> None:
        """Start episodes."""
        super().reset(worlds, instructions, seeds)
        for world, seed in zip(worlds, seeds, strict=True):
            self._rng[world] = rng = np.random.default_rng(seed)
            self._felt[world] = []
            self._order[world] = {pads: rng.permutation(pads) for pads in sorted(set(self._pads.values()))}

    def act(self, observation: Observation, worlds: Sequence[int]) -> Array:
        """Return what the agent inside does without touch."""
        seen = dict(observation)
        for name in self._fields:
            seen[name] = np.zeros_like(observation[name])
        if self._lags:
            seen["touch_net"][..., 2] = self._guess(observation)
        if self._shuffled:
            for i, world in enumerate(worlds):
                felt = self._felt[world]
                felt.append({name: observation[name][i].copy() for name in self._fields})
                then = felt[int(self._rng[world].integers(len(felt)))]
                for name in self._fields:
                    seen[name][i] = then[name][self._order[world][self._pads[name]]]
        return self.inner.act(seen, worlds)

    def _guess(self, observation: Observation) -> Array:
        """Return (n, P) forces of the pads, guessed from the lag of their fingers' joints [N]."""
        sent = np.stack([self.robot.joint_angles(row) for row in observation["setpoint"]])
        lag = sent - observation["joint_position"]
        force = STIFF * np.stack([np.linalg.norm(lag[:, joints], axis=1) for joints in self._fingers], axis=1)
        return np.asarray(np.where(force < FELT, 0.0, force))


def joints_of_pads(robot: Embodiment) -> list[list[int]]:
    """Return for each pad which joints, as indices into the robot's, move it and no pad of another finger."""
    places = {joint.name: k for k, joint in enumerate(robot.joints)}
    chains = []
    for pad in robot.pads:
        above = {row.child: row for row in robot.parts[pad.side].hand.joints}
        link, chain = pad.link.partition("/")[2], []
        while link in above:
            row = above[link]
            if f"{pad.side}/{row.name}" in places:
                chain.append(places[f"{pad.side}/{row.name}"])
            link = row.parent
        chains.append(chain)
    return [[j for j in chain if sum(j in other for other in chains) == 1] for chain in chains]


def make(world: WorldSpec, agent: str = "scripted", touch: str = OFF) -> Numb:
    """Return the agent.

    Args:
      world: what it acts in.
      agent: the one inside.
      touch: "off", "shuffled" or "lag".
    """
    return Numb(world, agent, touch)
