"""Demonstrations: what an agent saw and did, kept for training.

Episodes are recorded under correlated noise on the commands, with the undisturbed command as the label, so that a
learner sees how to come back from where it would drift to: Laskey et al., "DART: noise injection for robust imitation
learning", CoRL 2017. Only successes are kept.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from dexbench.core.agent import Agent, AgentSpec
from dexbench.core.crew import Crew
from dexbench.core.errors import DataError
from dexbench.core.rollout import rollout
from dexbench.core.schema import Array, Observation
from dexbench.core.shelf import load_agent, load_task
from dexbench.core.task import Task
from dexbench.core.trial import Outcome, Trial
from dexbench.core.world import World

GROUPS = ("state", "objects", "kinds", "touch")
"""Observation groups that worlds show while demonstrations are recorded: what experts read."""
KEPT = ("joint_position", "joint_velocity", "setpoint", "palm_pose", "object_pose", "target", "touch_net")
"""Observation fields that are kept of each step, those that the world gives: not every hand has touch."""
RARE = 1000
"""Trials drawn in vain after which a family is held to be no target of a task."""
FORMAT = 1
Share = Sequence[tuple[int, Trial]]
"""Some trials of a collection with their numbers: what a worker does in one go, and leaves one file of."""


@dataclass(frozen=True)
class Noise:
    """Disturbance of the commands: an Ornstein-Uhlenbeck process of each joint."""

    arm: float = 0.0
    """Stationary standard deviation [rad]."""
    hand: float = 0.0
    """Stationary standard deviation [rad]."""
    time: float = 0.4
    """Correlation time [s]."""


class Disturbed:
    """An agent whose commands are disturbed; what it meant is in `meant`."""

    def __init__(self, agent: Agent, scale: Array, time: float) -> None:
        """Wrap `agent`; `scale` (A,) is the largest deviation [rad], each episode draws its share of it."""
        if agent.spec.horizon != 1:
            raise DataError("demonstrations with noise need an agent that gives one row at a time")
        self.agent = agent
        self.meant: dict[int, Array] = {}
        self._scale = scale
        self._decay = float(np.exp(-1.0 / (agent.spec.action.rate_hz * time)))
        self._rng: dict[int, np.random.Generator] = {}
        self._size: dict[int, Array] = {}
        self._now: dict[int, Array] = {}

    @property
    def spec(self) -> AgentSpec:
        """As the agent's own."""
        return self.agent.spec

    def reset(self, worlds: Sequence[int], instructions: Sequence[str], seeds: Sequence[int]) -> None:
        """Start episodes; an episode's noise depends on its seed alone."""
        self.agent.reset(worlds, instructions, seeds)
        for world, seed in zip(worlds, seeds, strict=True):
            rng = self._rng[world] = np.random.default_rng([seed, 77])
            self._size[world] = self._scale * rng.uniform(0.0, 1.0)
            self._now[world] = np.zeros(len(self._scale))

    def act(self, observation: Observation, worlds: Sequence[int]) -> Array:
        """Return the agent's commands with noise."""
        clean = self.agent.act(observation, worlds)
        chunk = clean.copy()
        for i, world in enumerate(worlds):
            kick = self._rng[world].normal(size=len(self._scale)) * np.sqrt(1 - self._decay**2)
            self._now[world] = self._now[world] * self._decay + kick * self._size[world]
            self.meant[world] = clean[i, 0]
            chunk[i, 0] += self._now[world]
        return chunk


@dataclass
class Demonstration:
    """One episode, T steps."""

    trial: Trial
    seen: dict[str, Array]
    """(T, ...) of each field in KEPT, before the action."""
    action: Array
    """(T, A) undisturbed commands [rad]."""
    stage: Array
    """(T,) stages completed after the action."""


@dataclass
class _Notes:
    """Watches a rollout and keeps the running episodes."""

    agent: Disturbed
    world: World
    running: dict[int, dict[str, list[Array]]] = field(default_factory=dict)
    before: dict[int, dict[str, Array]] = field(default_factory=dict)

    def began(self, index: int, world: int, trial: Trial) -> None:
        self.running[world] = {name: [] for name in (*KEPT, "action", "stage")}
        self.before.pop(world, None)

    def stepped(self, worlds: Sequence[int], action: Array, observation: Observation, outcome: Outcome) -> None:
        for i, world in enumerate(worlds):
            if world in self.before:  # the first observation is not shown to watchers: its step is left out
                notes = self.running[world]
                for name, value in self.before[world].items():
                    notes[name].append(value)
                notes["action"].append(self.agent.meant[world].astype(np.float32))
                notes["stage"].append(outcome.stage[world])
            self.before[world] = {name: observation[name][i] for name in KEPT if name in observation}


def record(
    agent: Agent, task: Task, world: World, trials: Sequence[Trial], noise: Noise
) -> Iterator[tuple[int, Demonstration | None]]:
    """Run `agent` through `trials` and yield (index, demonstration), None for a failure."""
    robot = world.spec.embodiment
    scale = np.array([noise.arm if a.part == "arm" else noise.hand for a in robot.actuators])
    disturbed = Disturbed(agent, scale, noise.time)
    notes = _Notes(disturbed, world)
    for end in rollout(disturbed, world, trials, task.horizon, [notes]):
        kept = notes.running[end.world]
        won = bool(getattr(end.outcome, task.official)[end.world])
        if not won:
            yield end.index, None
            continue
        arrays = {name: np.array(values) for name, values in kept.items()}
        seen = {name: arrays[name] for name in KEPT if len(arrays[name])}
        yield end.index, Demonstration(end.trial, seen, arrays["action"], arrays["stage"])


@dataclass
class Collecting:
    """What a worker process of a collection does; its worlds and its agent are made once, for its first share."""

    agent: str
    settings: Mapping[str, Any]
    task: str
    embodiment: str
    noise: Noise
    batch: int
    worlds: Callable[..., World]
    folder: Path
    groups: tuple[str, ...] = GROUPS
    _made: tuple[Task, World, Agent] | None = None

    def made(self) -> tuple[Task, World, Agent]:
        """Return the task, the worlds and the agent."""
        if self._made is None:
            world = self.worlds(self.task, self.embodiment, self.batch, self.groups)
            self._made = load_task(self.task), world, load_agent(self.agent, world.spec, **self.settings)
        return self._made


class Shards(Collecting):
    """Records shards."""

    def __call__(self, share: Share) -> Iterator[tuple[int, int]]:
        """Record one shard and write it whole or not at all; yield (kept, tried)."""
        task, world, agent = self.made()
        found = sorted(record(agent, task, world, [t for _, t in share], self.noise), key=lambda p: p[0])
        kept = [d for _, d in found if d]
        write_shard(self.folder / f"shard-{share[0][0]:06d}.npz", kept)
        yield len(kept), len(share)


def write_shard(path: Path, demonstrations: Sequence[Demonstration]) -> None:
    """Write `demonstrations` to one file, atomically."""
    lengths = np.array([len(d.action) for d in demonstrations], np.int64)
    rows = json.dumps([d.trial.row() for d in demonstrations])
    fields: dict[str, Any] = {"lengths": lengths, "trials": np.array(rows)}
    given = [name for name in KEPT if all(name in d.seen for d in demonstrations)]
    for name in (*given, "action", "stage"):
        parts = [d.seen[name] if name in KEPT else getattr(d, name) for d in demonstrations]
        fields[name] = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.savez(file, **fields)
    partial.rename(path)


def load(folder: Path) -> list[Demonstration]:
    """Return all demonstrations in `folder`.

    Raises:
      DataError: there are none.
    """
    paths = sorted(folder.glob("shard-*.npz"))
    if not paths:
        raise DataError(f"{folder} holds no demonstrations; record some with: dexbench collect --help")
    found: list[Demonstration] = []
    for path in paths:
        with np.load(path, allow_pickle=False) as shard:
            arrays = {name: shard[name] for name in shard.files}
        ends = np.cumsum(arrays["lengths"])
        for row, end, length in zip(json.loads(str(arrays["trials"])), ends, arrays["lengths"], strict=True):
            part = slice(int(end - length), int(end))
            seen = {name: arrays[name][part] for name in KEPT if name in arrays}
            found.append(Demonstration(Trial.from_row(row), seen, arrays["action"][part], arrays["stage"][part]))
    return found


def collect(
    *,
    agent: str,
    task: str,
    embodiment: str,
    episodes: int,
    folder: Path,
    worlds: Callable[[str, str, int, tuple[str, ...]], World],
    split: str = "seen",
    seed: int = 0,
    families: Sequence[str] = (),
    settings: Mapping[str, Any] | None = None,
    noise: Noise | None = None,
    jobs: int = 1,
    batch: int = 8,
    shard: int = 48,
) -> str:
    """Record `episodes` episodes and keep the successes; run again, it goes on where it stopped.

    Args:
      agent: agent name.
      task: task name.
      embodiment: embodiment name.
      episodes: how many are tried.
      folder: where shards go.
      worlds: makes worlds, as the runner's factory.
      split: which split trials are drawn from.
      seed: of the trials.
      families: if given, only trials whose target is of one of these object families.
      settings: of the agent.
      noise: on the commands.
      jobs: processes.
      batch: worlds a process.
      shard: episodes a file.

    Returns:
      A sentence that says what was kept.
    """
    from rich.progress import track

    asked = {
        "format": FORMAT, "agent": agent, "task": task, "embodiment": embodiment, "split": split, "seed": seed,
        "families": list(families), "settings": dict(settings or {}), "noise": asdict(noise or Noise()), "shard": shard,
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    note = folder / "collection.json"
    if note.is_file() and json.loads(note.read_text()) != asked:
        raise DataError(f"{folder} holds another collection; choose another folder, or delete it")
    note.write_text(json.dumps(asked, indent=1))
    drawn = list(enumerate(draw(load_task(task), seed, split, episodes, families)))
    work = Shards(agent, dict(settings or {}), task, embodiment, noise or Noise(), batch, worlds, folder)
    todo = [drawn[i : i + shard] for i in range(0, len(drawn), shard)]
    todo = [share for share in todo if not (folder / f"shard-{share[0][0]:06d}.npz").is_file()]
    kept = tried = 0
    with Crew(work, min(max(1, jobs), len(todo))) as crew:
        for good, all_ in track(crew.run(todo), "collecting", total=len(todo)):
            kept, tried = kept + good, tried + all_
    return f"{kept} of {tried} new episodes succeeded and were kept in {folder}"


def draw(task: Task, seed: int, split: str, episodes: int, families: Sequence[str] = ()) -> Iterator[Trial]:
    """Yield `episodes` trials; the i-th depends on seed and i alone.

    Raises:
      DataError: in a thousand trials the instruction named nothing of these families.
    """
    count = i = 0
    while count < episodes:
        if i == RARE and not count:
            raise DataError(f"{task.name!r} names nothing of {', '.join(families)} in {RARE} trials of split {split!r}")
        trial = task.place(np.random.default_rng([seed, i]), split)
        i += 1
        if not families or (trial.named and trial.named.instance.rpartition("_")[0] in families):
            count += 1
            yield trial
