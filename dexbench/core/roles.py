"""The words for hands: sides, fingers, phalanges and motions, which mean the same on every robot."""

SIDES = ("right", "left")
"""All sides there can be, in the order used everywhere."""

FINGERS = ("thumb", "index", "middle", "ring", "little")
"""All fingers there can be, in the order used everywhere."""

PHALANGES = ("metacarpal", "proximal", "middle", "distal")
"""From the palm to the tip; a finger has some of them."""

_FINGER = ("abduction", "flexion", "pip", "dip")
MOTIONS = {
    "wrist": ("deviation", "flexion"),
    "thumb": ("rotation", "flexion", "roll", "abduction", "mcp", "ip"),
    "index": _FINGER,
    "middle": _FINGER,
    "ring": _FINGER,
    "little": ("arch", *_FINGER),
}
"""What an actuator moves.

Fingers: abduction and flexion at the knuckle (MCP), pip (with the joint at the tip where that is coupled to it), dip
(where it has a motor of its own), arch (of the palm, with the little finger). Thumb: rotation (opposition, about the
palm's long axis), flexion (at its base), roll (about its own axis), abduction (sideways, MCP), mcp, ip.
"""

ROLES = tuple(f"{finger}/{motion}" for finger, motions in MOTIONS.items() for motion in motions)
"""All roles of actuators: "index/flexion"."""
