"""All measurements of a hand as one document of plain values, kept part by part so that a stopped report goes on."""

import base64
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mujoco
import numpy as np

from dexbench import __version__
from dexbench.core.assets import asset_path
from dexbench.core.errors import ContractError, MissingExtra
from dexbench.robots.check import check_robot
from dexbench.sensors.touch_calibration import calibrate

from . import coverage, kapandji, strength, workspace
from .body import Hand
from .document import FORMAT, Value, plain
from .landmarks import landmarks
from .outlines import outlines
from .pictures import Studio, media_type
from .source import Subject
from .taxonomy import GraspType, load_types

SHOWING = ("page.py", "cards.py", "plots.py", "document.py")
"""Programs that change no number: what is measured stays when they do."""


@dataclass(frozen=True)
class Part:
    """A piece of a report that is measured at once."""

    name: str
    measure: Callable[[], Value]


class Report:
    """The report of one hand in one folder.

    Args:
      subject: the hand.
      out: where parts are kept, in `parts`.
      seed: of all random numbers.
      backend: of the pictures, see sensors.cameras.make_camera; "none" for a report without pictures.
    """

    def __init__(self, subject: Subject, out: Path, seed: int = 0, backend: str = "auto") -> None:
        self.subject, self.seed, self._backend = subject, seed, backend
        self.hand = Hand(subject.embodiment, subject.side)
        self.types = load_types()
        self._folder = out / "parts" / self.key[:16]
        self._studio: Studio | None = None
        self.no_pictures = "they were switched off" if backend == "none" else ""
        """Why there are none; empty where there are."""

    @property
    def key(self) -> str:
        """SHA-256 over all that the numbers depend on: hand, taxonomy, the programs of this part, versions, seed."""
        digest = hashlib.sha256(repr((FORMAT, __version__, mujoco.__version__, self.seed, self._backend)).encode())
        digest.update(self.subject.embodiment.digest.encode() + self.subject.side.encode())
        programs = [p for p in sorted(Path(__file__).parent.glob("*.py")) if p.name not in SHOWING]
        for path in (asset_path("taxonomies/feix.yaml"), *programs):
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def parts(self) -> list[Part]:
        """Return all parts in the order of the page."""
        return [
            Part("identity", self._identity),
            Part("checks", self._checks),
            Part("workspace", self._workspace),
            Part("strength", self._strength),
            Part("kapandji", self._kapandji),
            *(Part(f"feix_{kind.number:02d}", lambda kind=kind: self._grasp(kind)) for kind in self.types),  # type: ignore[misc]
            Part("touch", self._touch),
        ]

    def run(self) -> Iterator[tuple[str, Value]]:
        """Yield each part; what was measured before is read."""
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            for part in self.parts():
                path = self._folder / f"{part.name}.json"
                if not path.is_file():
                    half = path.with_suffix(f".{os.getpid()}")
                    half.write_text(json.dumps(part.measure()), encoding="utf-8")
                    half.replace(path)  # a report that is stopped leaves no half parts
                yield part.name, json.loads(path.read_text(encoding="utf-8"))
        finally:
            if self._studio is not None:
                self._studio.close()
                self._studio = None

    def _identity(self) -> Value:
        subject, hand = self.subject, self.hand
        mechanism = hand.mechanism
        followers = {row.joint: row for row in mechanism.followers}
        motors = {j: m for m in mechanism.motors for j in m.joints}
        joints = []
        for row in mechanism.moving:
            motor, follower = motors.get(row.name), followers.get(row.name)
            driven = motor.name if motor else f"{follower.multiplier:g} x {follower.master}" if follower else "nothing"
            joints.append(
                {
                    "name": row.name,
                    "role": motor.role if motor else "",
                    "driven_by": driven,
                    "lower_deg": float(np.rad2deg(row.lower)),
                    "upper_deg": float(np.rad2deg(row.upper)),
                    "speed_rad_s": row.velocity,
                    "torque_n_m": motor.force if motor else None,
                }
            )
        mass = sum(k.mass for k in mechanism.links.values()) + sum(f.mass for f in mechanism.frames)
        return {
            "name": subject.name,
            "full_name": subject.full_name,
            "side": subject.side,
            "embodiment": subject.embodiment.name,
            "digest": self.key,
            "joints": joints,
            "active": len(mechanism.motors),
            "passive": len(mechanism.moving) - len(mechanism.motors),
            "fingers": {f: list(row.links) for f, row in hand.fingers.items()},
            "mass_kg": mass,
            "confidence": [{"block": b.name, "confidence": b.confidence, "why": b.why} for b in subject.blocks],
            "sources": list(subject.sources),
            "picture": self._picture(hand.rest, "", (), np.zeros(7)),
        }

    def _checks(self) -> Value:
        side, name = self.subject.side, self.hand.mechanism.name
        ours = (f"{side}/{name}:", f"{self.subject.embodiment.name}: a pad", f"{self.subject.embodiment.name}: largest")
        findings = [f for f in check_robot(self.subject.embodiment) if f.subject.startswith(ours)]
        rows = [
            {
                "what": f.subject.partition(": ")[2],
                "expected": f.expected,
                "found": f.found,
                "ok": f.ok,
                "confidence": f.confidence,
            }
            for f in findings
        ]
        return {"findings": rows, "passed": sum(f.ok for f in findings), "made": len(findings)}

    def _workspace(self) -> Value:
        spaces = workspace.workspaces(self.hand, self.seed)
        tips = {
            finger: {
                "lower_m": space.lower.tolist(),
                "upper_m": space.upper.tolist(),
                "hull_m3": space.hull,
                "outlines": {plane: line.tolist() for plane, line in outlines(space.points).items()},
            }
            for finger, space in spaces.items()
        }
        pairs = [
            {
                "finger": o.finger,
                "tips_m": o.tips,
                "pads_m": o.pads,
                "facing_deg": float(np.rad2deg(o.facing)),
                "shared_m3": o.shared,
            }
            for o in workspace.opposition(self.hand, spaces, self.seed)
        ]
        return {
            "samples": workspace.SAMPLES,
            "tips": tips,
            "opposition": pairs,
            "opposability_m3": workspace.opposability(spaces),
        }

    def _strength(self) -> Value:
        rows = [
            {
                "finger": p.finger,
                "posture": p.posture,
                "force_n": p.force,
                "motor": p.motor,
                "limit": p.limit,
                "torque_only_n": p.torque_only,
                "simulated_n": p.simulated,
                "speed_m_s": p.speed,
            }
            for p in strength.presses(self.hand)
        ]
        return {"presses": rows}

    def _kapandji(self) -> Value:
        found = kapandji.kapandji(self.hand, self.seed)
        places = landmarks(self.hand)
        rows = []
        for touch, place in zip(found.touches, places, strict=True):
            picture = None
            if place is not None and touch.distance is not None:
                self.hand.pose(touch.command)
                body = self.hand.bodies[place.link]
                at = self.hand.data.xpos[body] + self.hand.data.xmat[body].reshape(3, 3) @ place.at
                picture = self._picture(touch.command, "marker", (0.0035,), np.array([*at, 1, 0, 0, 0]))
            rows.append(
                {
                    "number": touch.number,
                    "name": touch.name,
                    "passed": bool(touch.passed),
                    "distance_m": touch.distance,
                    "depth_m": touch.depth,
                    "joints_alone_m": touch.free,
                    "why": touch.why,
                    "command": touch.command.tolist(),
                    "picture": picture,
                }
            )
        return {"strict": found.strict, "loose": found.loose, "near_m": kapandji.NEAR, "landmarks": rows}

    def _grasp(self, kind: GraspType) -> Value:
        found = coverage.attempt(self.subject.embodiment, self.subject.side, kind, self.seed)
        row: Value = {
            "number": kind.number,
            "name": kind.name,
            "group": kind.group,
            "opposition": kind.opposition,
            "thumb": kind.thumb,
            "virtual": list(kind.virtual),
            "object": {"kind": kind.kind, "size_m": list(kind.size)},
            "contacts": [str(t) for t in kind.contacts],
            "passed": bool(found.passed),
            "why": found.why,
            "tries": found.tries,
            "picture": None,
        }
        held = found.held
        if held is not None:
            angles = held.angles[self.hand.places]
            row |= {
                "strict": bool(held.strict),
                "loose": bool(held.loose),
                "touches": bool(held.contacts),
                "gaps_m": list(held.gaps),
                "depth_m": held.depth,
                "slips_m": list(held.slips),
                "turns_rad": list(held.turns),
                "angles_rad": angles.tolist(),
                "pose": held.pose.tolist(),
                "picture": self._picture(angles, kind.kind, kind.size, held.pose, commanded=False),
            }
        return row

    def _touch(self) -> Value:
        embodiment, side = self.subject.embodiment, self.subject.side
        options = sorted(self.hand.mechanism.touch)
        if not [p for p in embodiment.pads if p.side == side]:
            return {"fitted": False, "options": options, "rows": [], "summary": {}}
        try:
            found = calibrate(embodiment, side)
        except ContractError as error:
            return {"fitted": False, "options": options, "rows": [], "summary": {}, "why": str(error)}
        return {"fitted": True, "options": options, "rows": plain(found.table()), "summary": plain(found.summary())}

    def _picture(
        self, hand: Any, kind: str, size: tuple[float, ...], pose: Any, *, commanded: bool = True
    ) -> str | None:
        """Return a picture as a data address; None where there is no renderer."""
        if self.no_pictures:
            return None
        if self._studio is None:
            try:
                self._studio = Studio(self.subject.embodiment, self.subject.side, self._backend)
            except MissingExtra as error:
                self.no_pictures = str(error)
                return None
        angles = self.hand.offset + hand @ self.hand.shares if commanded else hand
        content = self._studio.portrait(angles, kind, size, pose)
        return f"data:{media_type(content)};base64,{base64.b64encode(content).decode()}"
