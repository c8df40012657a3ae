"""What `make bench` stands on, kept in order by the tests: an episode of the expert that can be gone on with."""

import numpy as np
import pytest

from dexbench.sim.world import SimWorld
from tests.benchmarks.motion import ONE, STATE, TWO, WINDOW, held, motion


@pytest.mark.parametrize("cell", [ONE, TWO])
def test_an_episode_of_the_expert_goes_on_from_its_middle_as_it_went(cell: tuple[str, str]) -> None:
    found = motion(*cell)
    world = SimWorld(*cell, n=2, groups=STATE)
    world.reset([found.trial] * 2)
    found.moments[0].enter(world)
    for action in found.actions:
        world.advance(np.repeat(action[None], 2, axis=0))
        world.outcome()
    assert len(found.actions) == WINDOW
    assert held(world)
    assert (world.batch.bind("qpos") == found.end).all()
