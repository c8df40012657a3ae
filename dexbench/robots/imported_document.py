"""The blocks of an imported hand's file, put together from its parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dexbench.core.mechanism import FollowerRow, JointRow, MotorRow, Vector
from dexbench.robots.imported_fingers import Finger
from dexbench.robots.imported_shapes import Shapes
from dexbench.robots.imported_tree import NOTHING, Place, Tree, rpy_of, vector
from dexbench.robots.model_source import Source
from dexbench.robots.short_file import DYNAMICS, Short

_NONE = (0.0, 0.0, 0.0)


@dataclass
class Parts:
    """What has been read and derived so far."""

    motors: Sequence[MotorRow]
    followers: Sequence[FollowerRow]
    shapes: Shapes
    palm: Place
    fingers: Sequence[Finger]
    rest: Mapping[str, float]
    pads: dict[str, Place] = field(default_factory=dict)
    """By finger."""
    excludes: list[list[str]] = field(default_factory=list)
    mount: tuple[Vector, Vector] = (_NONE, _NONE)
    cases: dict[str, Any] | None = None
    """The block checks.fk."""


def document(short: Short, source: Source, tree: Tree, parts: Parts) -> dict[str, Any]:
    """Return the whole document."""
    model = {"confidence": "exact", "sources": ["model"]}
    found: dict[str, Any] = {
        "name": short.name,
        "full_name": short.document.text("full_name", short.name),
        "sources": {"model": short.document.text("source", source.path.name), "file": source.path.name},
    }
    mirror = short.block("mirror")
    if mirror is not None:
        plane = mirror.one_of("plane", ("x", "y", "z"))
        found["mirror"] = {"confidence": "derived", "stored": "right", "plane": plane}
    said = (
        "as the short file says" if short.document.has("mount") else "fingers along the flange's z, palm towards its y"
    )
    found["mount"] = {
        "confidence": "estimated",
        "why": said,
        "xyz": list(parts.mount[0]),
        "rpy": list(parts.mount[1]),
    }
    if parts.rest:
        found["rest"] = {"confidence": "estimated", "why": "as the short file says", "items": dict(parts.rest)}
    default = _dynamics(short)
    found["kinematic_tree"] = model | {
        "root": tree.root,
        "joints": [_joint(r, short, parts.motors) for r in tree.joints],
    }
    found["frames"] = model | {"items": _frames(parts)}
    found["links"] = {
        "confidence": "derived",
        "note": "mass and centre are the model's; the box has its moments of inertia about the link's axes",
        "items": [
            {"link": r.name, "mass": round(r.mass, 9), "com": list(r.com), "box": list(r.box)}
            for r in tree.links.values()
        ],
    }
    found["dynamics"] = model | default | {"joints": {r.name: _own(r, short) for r in tree.joints}}
    found["contact"] = {
        "confidence": "estimated",
        "why": "as with the other hands here, whatever the model says",
        "friction": list(short.document.vector("friction", 3, (0.8, 0.02, 0.0001))),
        "solref": [0.008, 1.0],
        "solimp": [0.5, 0.99, 0.0001, 0.5, 2.0],
    }
    found["collision"] = {
        "confidence": "derived",
        "why": f"the model's shapes; of meshes {_WHY[short.collision]}",
        "items": parts.shapes.collision,
        "excludes": parts.excludes,
    }
    found["fingers"] = {"confidence": "exact", "items": [_finger(f) for f in parts.fingers]}
    found["actuators"] = {
        "confidence": "estimated",
        "why": "ranges and gains are the model's where it has position servos, else usual ones",
        **{key: short.gains[key] for key in ("kp", "kv", "force")},
        "items": [_motor(m) for m in parts.motors],
    }
    if parts.followers:
        found["couplings"] = model | {
            "items": [
                {"follower": r.joint, "master": r.master, "multiplier": r.multiplier, "offset": r.offset}
                for r in parts.followers
            ]
        }
    if parts.pads:
        why = "given by the short file, or where the last phalanx presses when it bends; on the collision surface"
        found["pads"] = {"confidence": "estimated", "why": why, "items": [_pad(f, p) for f, p in parts.pads.items()]}
    touch = short.block("touch")
    if touch is not None:
        found["touch"] = touch.value
    materials = parts.shapes.materials or {"colour_1": [0.6, 0.6, 0.6, 1.0]}
    found["visual"] = model | {"materials": materials, "items": parts.shapes.visual}
    found["checks"] = _checks(source, tree, parts)
    return found


_WHY = {"fit": "a capsule or a box around each", "hull": "the convex hull of each"}


def _dynamics(short: Short) -> dict[str, float]:
    return {**DYNAMICS, **short.dynamics}


def _own(row: JointRow, short: Short) -> dict[str, float]:
    """Return a joint's dynamics: the short file's, else the model's, else usual ones where the model has none."""
    said = {"armature": row.armature, "damping": row.damping, "friction": row.friction}
    usual = {key: value if value > 0 else DYNAMICS[key] for key, value in said.items()}
    return {key: round(value, 9) for key, value in {**usual, **short.dynamics}.items()}


def _joint(row: JointRow, short: Short, motors: Sequence[MotorRow]) -> dict[str, Any]:
    force = next((m.force for m in motors if row.name in m.joints), short.gains["force"])
    return {
        "name": row.name,
        "type": "revolute",
        "parent": row.parent,
        "child": row.child,
        "xyz": list(row.xyz),
        "rpy": list(row.rpy),
        "axis": list(row.axis or ()),
        "range": [row.lower, row.upper],
        "vel": row.velocity or short.gains["velocity"],
        "eff": row.effort or force,
    }


def _frames(parts: Parts) -> list[dict[str, Any]]:
    rows = [_at("palm_site", parts.palm)]
    for finger in parts.fingers:
        rows.append(_at(f"{finger.digit.finger}_tip", finger.tip))
    return rows


def _at(name: str, place: Place) -> dict[str, Any]:
    return {"name": name, "link": place.link, "xyz": list(vector(place.xyz)), "rpy": list(rpy_of(place.matrix))}


def _finger(finger: Finger) -> dict[str, Any]:
    return {"finger": finger.digit.finger, "tip": f"{finger.digit.finger}_tip", "links": dict(finger.links)}


def _motor(row: MotorRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "role": row.role,
        "joints": list(row.joints),
        "range": [row.lower, row.upper],
        "kp": row.kp,
        "kv": row.kv,
        "force": row.force,
    }


def _pad(finger: str, place: Place) -> dict[str, Any]:
    return {"finger": finger, "link": place.link, "xyz": list(vector(place.xyz)), "rpy": list(rpy_of(place.matrix))}


def _checks(source: Source, tree: Tree, parts: Parts) -> dict[str, Any]:
    masses = (float(source.model.body_mass[body]) for body in tree.places)
    total = sum(mass for mass in masses if mass > NOTHING) + tree.assumed
    checks: dict[str, Any] = {
        "confidence": "exact",
        "joints": len(tree.joints),
        "actuators": len(parts.motors),
        "mass": {"total": round(total, 9), "tolerance": 1e-6},
    }
    return checks | ({"fk": parts.cases} if parts.cases else {})
