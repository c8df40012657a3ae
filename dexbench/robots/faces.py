"""The shelf of action faces: all of them, one by name, and the one that fits an agent to a world."""

from collections.abc import Callable, Mapping
from inspect import signature
from types import MappingProxyType
from typing import Any

from dexbench.core.action_face import ActionFace, declaration
from dexbench.core.agent import ActionSpec, AgentSpec
from dexbench.core.embodiment import Embodiment
from dexbench.core.errors import ContractError, DataError, UnknownName
from dexbench.core.world import WorldSpec
from dexbench.robots.gr_dexter_face import GrDexter
from dexbench.robots.joint_faces import JointDelta, JointTarget
from dexbench.robots.palm_face import PalmPose

FACES: Mapping[str, Callable[..., ActionFace]] = MappingProxyType(
    {face.kind: face for face in (JointTarget, JointDelta, PalmPose, GrDexter)}
)
"""By kind."""


def make_face(kind: str, embodiment: Embodiment, period: float, **settings: Any) -> ActionFace:
    """Return the face `kind` for a robot with a control period [s].

    Raises:
      UnknownName: there is no such face.
      DataError: it has no such setting.
      ContractError: the settings do not fit the robot.
    """
    if kind not in FACES:
        raise UnknownName("action face", kind, FACES)
    try:
        return FACES[kind](embodiment, period, **settings)
    except TypeError as error:
        foreign = [s for s in settings if f"unexpected keyword argument {s!r}" in str(error)]
        if not foreign:
            raise
        known = ", ".join(settings_of(kind)) or "none"
        raise DataError(f"action face {kind!r} has no setting {foreign[0]!r}; its settings: {known}") from error


def settings_of(kind: str) -> dict[str, Any]:
    """Return the settings of face `kind` with their defaults."""
    known = signature(FACES[kind]).parameters.values()
    return {p.name: p.default for p in known if p.default is not p.empty}


def declare(kind: str, world: WorldSpec, **settings: Any) -> ActionSpec:
    """Return what an agent declares that acts through face `kind` in `world`."""
    rate = world.action.rate_hz
    return declaration(make_face(kind, world.embodiment, 1 / rate, **settings), rate)


def face_for(agent: AgentSpec, world: WorldSpec) -> ActionFace | None:
    """Return the face that turns the agent's actions into the world's; None if they are the same kind.

    Raises:
      ContractError: there is no such face, or its settings do not fit the world's robot.
    """
    kind, takes = agent.action.kind, world.action.kind
    if kind == takes:
        return None
    unfit = f"agent {agent.name!r} does not fit this world:"
    if kind not in FACES:
        others = ", ".join(k for k in FACES if k != takes)
        raise ContractError(
            f"{unfit} the agent gives {kind!r}, the world takes {takes!r}, or what is converted: {others}"
        )
    try:
        return make_face(kind, world.embodiment, 1 / world.action.rate_hz, **dict(agent.action.settings))
    except (ContractError, DataError, UnknownName) as error:
        raise ContractError(f"{unfit} {error}") from error
