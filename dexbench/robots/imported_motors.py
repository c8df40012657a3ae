"""Motors by role and linkages: what the short file says, filled in with what the model says."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import mujoco
import numpy as np

from dexbench.core.document import Node
from dexbench.core.mechanism import FollowerRow, MotorRow
from dexbench.robots.imported_tree import Tree
from dexbench.robots.model_source import Source
from dexbench.robots.problems import Problems
from dexbench.robots.short_file import Drive, Short

_JOINT, _TENDON, _WRAP = (
    int(mujoco.mjtTrn.mjTRN_JOINT),
    int(mujoco.mjtTrn.mjTRN_TENDON),
    int(mujoco.mjtWrap.mjWRAP_JOINT),
)
_EQUALITY = int(mujoco.mjtEq.mjEQ_JOINT)


@dataclass(frozen=True)
class _Target:
    """What a name in `motors` stands for."""

    joints: tuple[int, ...]
    actuator: int | None


def read_motors(short: Short, source: Source, tree: Tree, problems: Problems) -> list[MotorRow]:
    """Return the motors in the order of roles, one a joint at most."""
    rows: list[MotorRow] = []
    driven: dict[int, str] = {}
    for drive in short.drives:
        with problems.noting():
            target = _target(drive, source, tree)
            for joint in target.joints:
                if joint in driven:
                    name = source.model.joint(joint).name
                    raise drive.node.error(
                        f"joint {name!r} has a motor already, with the role {driven[joint]!r}; a joint can have one"
                    )
            driven.update(dict.fromkeys(target.joints, drive.role))
            rows.append(_motor(short, drive, target, source, tree))
    return rows


def joint_named(name: str, source: Source, tree: Tree, node: Node) -> int:
    """Return the model's joint of that name; raise DataError with the names that there are."""
    found = int(mujoco.mj_name2id(source.model, int(mujoco.mjtObj.mjOBJ_JOINT), name))
    if found not in tree.names:
        known = ", ".join(source.model.joint(j).name for j in tree.names)
        raise node.error(f"the model has no joint {name!r}; it has {known or 'none'}")
    return found


def _target(drive: Drive, source: Source, tree: Tree) -> _Target:
    model = source.model
    if len(drive.names) > 1:
        return _Target(tuple(joint_named(name, source, tree, drive.node) for name in drive.names), None)
    name = drive.names[0]
    joint = int(mujoco.mj_name2id(model, int(mujoco.mjtObj.mjOBJ_JOINT), name))
    if joint in tree.names:
        return _Target((joint,), next((a for a in range(model.nu) if _joints_of(model, a) == (joint,)), None))
    actuator = int(mujoco.mj_name2id(model, int(mujoco.mjtObj.mjOBJ_ACTUATOR), name))
    if actuator < 0:
        joints = ", ".join(model.joint(j).name for j in tree.names)
        actuators = ", ".join(model.actuator(a).name for a in range(model.nu))
        raise drive.node.error(
            f"the model has no joint {name!r}, nor an actuator; joints: {joints or 'none'}; "
            f"actuators: {actuators or 'none'}"
        )
    joints_of = _joints_of(model, actuator)
    if not joints_of or any(j not in tree.names for j in joints_of):
        raise drive.node.error(
            f"actuator {name!r} moves neither a joint of the hand nor a fixed tendon of joints with coefficients 1"
        )
    return _Target(joints_of, actuator)


def _joints_of(model: mujoco.MjModel, actuator: int) -> tuple[int, ...]:
    """Return the joints that an actuator moves: one, or those of a fixed tendon whose coefficients are all 1."""
    kind, target = int(model.actuator_trntype[actuator]), int(model.actuator_trnid[actuator, 0])
    if kind == _JOINT:
        return (target,)
    if kind != _TENDON:
        return ()
    first, count = int(model.tendon_adr[target]), int(model.tendon_num[target])
    wraps = range(first, first + count)
    if any(int(model.wrap_type[w]) != _WRAP or abs(float(model.wrap_prm[w]) - 1) > 1e-9 for w in wraps):
        return ()
    return tuple(int(model.wrap_objid[w]) for w in wraps)


def _motor(short: Short, drive: Drive, target: _Target, source: Source, tree: Tree) -> MotorRow:
    model = source.model
    rows = [next(r for r in tree.joints if r.name == tree.names[j]) for j in target.joints]
    lower, upper = drive.limits or (sum(r.lower for r in rows), sum(r.upper for r in rows))
    said: dict[str, float] = {}
    name = rows[0].name
    if target.actuator is not None:
        a = target.actuator
        name = model.actuator(a).name or name
        gear = float(model.actuator_gear[a, 0])
        servo = int(model.actuator_biastype[a]) == int(mujoco.mjtBias.mjBIAS_AFFINE)
        if servo and gear == 1 and float(model.actuator_gainprm[a, 0]) == -float(model.actuator_biasprm[a, 1]):
            said = {"kp": float(model.actuator_gainprm[a, 0]), "kv": -float(model.actuator_biasprm[a, 2])}
            if drive.limits is None and model.actuator_ctrllimited[a]:
                control = [float(v) for v in model.actuator_ctrlrange[a]]
                lower, upper = max(lower, control[0]), min(upper, control[1])
        if model.actuator_forcelimited[a] and gear == 1:
            said["force"] = float(model.actuator_forcerange[a, 1])
    if lower >= upper:
        raise drive.node.error(f"the range that can be commanded is empty: {lower:g} .. {upper:g} rad")
    given = short.document["gains"].mapping() if short.document.has("gains") else {}
    gains = {**short.gains, **said, **{k: short.gains[k] for k in given if k in short.gains}, **drive.gains}
    return MotorRow(
        name.replace("/", "_"),
        drive.role,
        tuple(r.name for r in rows),
        round(lower, 9),
        round(upper, 9),
        kp=gains["kp"],
        kv=gains["kv"],
        force=gains["force"],
    )


def read_followers(
    short: Short, source: Source, tree: Tree, motors: Sequence[MotorRow], problems: Problems
) -> list[FollowerRow]:
    """Return the linkages of the short file and of the model, each from a joint that has a motor."""
    driven = {j for m in motors for j in m.joints}
    rows: list[FollowerRow] = []
    for row, where in (*_said(short, source, tree, problems), *_modelled(source, tree, problems)):
        if row.joint in {r.joint for r in rows}:
            continue  # the short file comes first, and MuJoCo may have read what we read in a URDF
        if row.joint in driven and row.master not in driven and row.multiplier:  # an equality has no direction
            row = FollowerRow(row.master, row.joint, 1 / row.multiplier, -row.offset / row.multiplier)
        if row.joint in driven:
            problems.add(
                f"{where}: joint {row.joint!r} has a motor and is tied to {row.master!r}: leave out one of them"
            )
            continue
        rows.append(row)
    resolved = [_resolved(row, rows, driven) for row in rows]
    for row in resolved:
        if row.master not in driven:
            problems.add(
                f"{short.document.file}: joint {row.joint!r} follows {row.master!r}, which has no motor: "
                "name one in `motors`"
            )
    free = [r.name for r in tree.joints if r.name not in driven | {r.joint for r in resolved}]
    if free:
        problems.add(
            short.document.error(
                f"{', '.join(free)}: neither a motor nor a linkage moves these joints; name each in `motors`, "
                "`couplings` ({follower, master, multiplier}) or `fixed` ({joint: angle})"
            )
        )
    return [replace(r, multiplier=round(r.multiplier, 9), offset=round(r.offset, 9)) for r in resolved]


def _resolved(row: FollowerRow, rows: Sequence[FollowerRow], driven: set[str]) -> FollowerRow:
    """Return the linkage in terms of a joint with a motor: one that follows a follower follows its master."""
    for _ in rows:
        above = next((r for r in rows if r.joint == row.master), None)
        if row.master in driven or above is None:
            break
        row = FollowerRow(
            row.joint, above.master, row.multiplier * above.multiplier, row.multiplier * above.offset + row.offset
        )
    return row


def _said(short: Short, source: Source, tree: Tree, problems: Problems) -> list[tuple[FollowerRow, str]]:
    block = short.block("couplings")
    found: list[tuple[FollowerRow, str]] = []
    if block is None:
        return found
    with problems.noting():
        for node in block.items():
            with problems.noting():
                pair = [
                    tree.names[joint_named(node.text(key), source, tree, node[key])] for key in ("follower", "master")
                ]
                row = FollowerRow(pair[0], pair[1], node.number("multiplier"), node.number("offset", 0.0))
                found.append((row, str(node.error("")).split(": ")[0]))
    return found


def _modelled(source: Source, tree: Tree, problems: Problems) -> list[tuple[FollowerRow, str]]:
    """Return the URDF's and MJCF's linkages; note what cannot be imported."""
    model = source.model
    found = []
    by_name = {model.joint(j).name: name for j, name in tree.names.items()}
    for linkage in source.linkages:
        if linkage.joint in by_name:
            where = source.where("joint", linkage.joint)
            if linkage.master not in by_name:
                problems.add(
                    f"{where}: joint {linkage.joint!r} mimics {linkage.master!r}, which the hand does not have"
                )
                continue
            row = FollowerRow(by_name[linkage.joint], by_name[linkage.master], linkage.multiplier, linkage.offset)
            found.append((row, where))
    for i in range(model.neq):
        where = source.path.name
        if int(model.eq_type[i]) != _EQUALITY:
            kind = mujoco.mjtEq(int(model.eq_type[i])).name.removeprefix("mjEQ_").lower()
            if _concerns(model, i, tree):
                problems.add(
                    f"{where}: equality {kind!r} ({_ends(model, i)}): only joints tied to joints can be imported"
                )
            continue
        joint, master = int(model.eq_obj1id[i]), int(model.eq_obj2id[i])
        if joint not in tree.names:
            continue
        said = source.where("joint", model.joint(joint).name)
        if master not in tree.names:
            problems.add(f"{said}: joint {model.joint(joint).name!r} is held still by an equality: name it in `fixed`")
            continue
        factors = [float(v) for v in model.eq_data[i, :5]]
        if any(factors[2:]):
            problems.add(
                f"{said}: joint {model.joint(joint).name!r} is tied to another by a curve; only lines can be imported"
            )
            continue
        zero, zero_master = (float(model.qpos0[model.jnt_qposadr[j]]) for j in (joint, master))
        offset = zero + factors[0] - factors[1] * zero_master
        found.append((FollowerRow(tree.names[joint], tree.names[master], factors[1], offset), said))
    return found


def _concerns(model: mujoco.MjModel, equality: int, tree: Tree) -> bool:
    if int(model.eq_objtype[equality]) == int(mujoco.mjtObj.mjOBJ_TENDON):
        return True
    ends = int(model.eq_obj1id[equality]), int(model.eq_obj2id[equality])
    if int(model.eq_objtype[equality]) == int(mujoco.mjtObj.mjOBJ_SITE):
        ends = int(model.site_bodyid[ends[0]]), int(model.site_bodyid[ends[1]])
    return any(body in tree.places for body in ends)


def _ends(model: mujoco.MjModel, equality: int) -> str:
    kind = int(model.eq_objtype[equality])
    ends = (int(model.eq_obj1id[equality]), int(model.eq_obj2id[equality]))
    return " and ".join(mujoco.mj_id2name(model, kind, e) or "unnamed" for e in ends if e >= 0)


def check_tendons(source: Source, tree: Tree, problems: Problems) -> None:
    """Note tendons that cannot be imported: those through sites; and in the tree's notes those that are left out."""
    model = source.model
    for tendon in range(model.ntendon):
        first, count = int(model.tendon_adr[tendon]), int(model.tendon_num[tendon])
        kinds = {int(k) for k in model.wrap_type[first : first + count]}
        name = model.tendon(tendon).name or f"number {tendon}"
        if kinds != {_WRAP}:
            where = source.where("spatial", name)
            problems.add(f"{where}: tendon {name!r} runs through sites; only fixed tendons of joints can be imported")
        elif count > 1 and not any(_joints_of(model, a) and _pulls(model, a, tendon) for a in range(model.nu)):
            joints = " and ".join(model.joint(int(j)).name for j in model.wrap_objid[first : first + count])
            tree.notes.append(f"tendon {name} between {joints} is left out")


def _pulls(model: mujoco.MjModel, actuator: int, tendon: int) -> bool:
    return int(model.actuator_trntype[actuator]) == _TENDON and int(model.actuator_trnid[actuator, 0]) == tendon


def stop_masters(short: Short, tree: Tree, followers: Sequence[FollowerRow]) -> None:
    """Narrow the range of a joint that drives another to where the other meets its own stop."""
    ranges = {r.name: (r.lower, r.upper) for r in tree.joints}
    for i, joint in enumerate(tree.joints):
        lower, upper = joint.lower, joint.upper
        for row in followers:
            if row.master == joint.name and row.multiplier:
                ends = sorted((stop - row.offset) / row.multiplier for stop in ranges[row.joint])
                lower, upper = max(lower, ends[0]), min(upper, ends[1])
        if lower >= upper:
            raise short.document.error(
                f"joint {joint.name!r} has no range left in which its followers stay within theirs; is a sign wrong?"
            )
        if (lower, upper) != (joint.lower, joint.upper):
            lower, upper = float(np.ceil(lower * 1e9) / 1e9), float(np.floor(upper * 1e9) / 1e9)
            tree.notes.append(f"joint {joint.name} goes from {lower:.4f} to {upper:.4f}: there what follows it stops")
            tree.joints[i] = replace(joint, lower=lower, upper=upper)
