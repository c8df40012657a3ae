"""Agent and world compare what they declare, before step 0."""

from dexbench.core.action_face import SETPOINT, ActionFace, declaration
from dexbench.core.agent import AgentSpec
from dexbench.core.errors import ContractError
from dexbench.core.world import WorldSpec


def differences(agent: AgentSpec, world: WorldSpec, face: ActionFace | None = None) -> list[str]:
    """Return one sentence for each point on which the two disagree; empty if they fit.

    Args:
      agent: what the agent declares.
      world: what the world declares.
      face: what the loop converts actions with, if it does.
    """
    found: list[str] = []
    if agent.embodiment and agent.embodiment != world.embodiment.name:
        found.append(f"the agent was made for embodiment {agent.embodiment!r}, the world has {world.embodiment.name!r}")
    wanted = agent.action
    given = world.action if face is None else declaration(face, world.action.rate_hz)
    if len(wanted.actuators) != len(given.actuators):
        found.append(
            f"the agent's action has {len(wanted.actuators)} numbers, the world takes {len(given.actuators)} "
            f"({given.actuators[0]} ... {given.actuators[-1]})"
        )
    elif wanted.actuators != given.actuators:
        i = next(i for i, (a, b) in enumerate(zip(wanted.actuators, given.actuators, strict=True)) if a != b)
        found.append(
            f"the order of joints differs from place {i}: agent {wanted.actuators[i]!r}, world {given.actuators[i]!r}"
        )
    if wanted.unit != given.unit:
        found.append(f"the agent commands in {wanted.unit!r}, the world takes {given.unit!r}: convert in the agent")
    if wanted.kind != given.kind:
        hint = " (face_for() of dexbench.robots.faces converts some)" if face is None else ""
        found.append(f"the agent gives {wanted.kind!r}, the world takes {given.kind!r}{hint}")
    if wanted.frame != given.frame:
        found.append(f"the agent's numbers are in the frame {wanted.frame!r}, the world takes {given.frame!r}")
    if abs(wanted.rate_hz - given.rate_hz) > 1e-6 * given.rate_hz:
        found.append(f"the agent runs at {wanted.rate_hz:g} Hz, the world at {given.rate_hz:g} Hz")
    if not 1 <= agent.execute <= agent.horizon:
        found.append(f"the agent executes {agent.execute} rows of chunks of {agent.horizon}")
    if face is not None and SETPOINT not in world.observations:
        found.append(f"{given.kind!r} is converted from the observation {SETPOINT!r}, which the world does not give")
    missing = [f for f in agent.observations if f not in world.observations]
    if missing:
        found.append(
            f"the agent reads {', '.join(missing)}, which the world does not give (it gives "
            f"{', '.join(world.observations)}); ask for the group that holds it"
        )
    return found


def agree(agent: AgentSpec, world: WorldSpec, face: ActionFace | None = None) -> None:
    """Raise ContractError with every difference, or return if there is none; see differences()."""
    found = differences(agent, world, face)
    if found:
        said = f" {found[0]}" if len(found) == 1 else "".join(f"\n- {f}" for f in found)
        raise ContractError(f"agent {agent.name!r} does not fit this world:{said}")
