"""What a check found."""

from dataclasses import dataclass

from dexbench.core.document import Node

EXACT = "exact"


@dataclass(frozen=True)
class Finding:
    """One comparison of a compiled model with the data it was made from."""

    subject: str
    """What was compared, for example "right/shadow: total mass [kg]"."""
    expected: str
    found: str
    ok: bool
    confidence: str = EXACT
    """Of what was expected: "exact", "derived" or "estimated". A good finding of the last kind says that the model is
    what our guess is, not that it is like the real robot."""

    def __str__(self) -> str:
        label = "" if self.confidence == EXACT else f", {self.confidence}"
        return f"{'ok' if self.ok else 'FAILED'}  {self.subject}: {self.found} (expected {self.expected}{label})"


def near(subject: str, found: float, expected: float, tolerance: float, confidence: str = EXACT) -> Finding:
    """Return whether a number is within `tolerance` of what is expected."""
    ok = abs(found - expected) <= tolerance
    return Finding(subject, f"{expected:.6g} +- {tolerance:.2g}", f"{found:.6g}", bool(ok), confidence)


def at_most(subject: str, found: float, limit: float, confidence: str = EXACT) -> Finding:
    """Return whether a number does not exceed `limit`."""
    return Finding(subject, f"<= {limit:.6g}", f"{found:.6g}", bool(found <= limit), confidence)


def confidence(checks: Node, block: str) -> str:
    """Return what a block of `checks` says of itself; what all of them say, where it says nothing."""
    whole = checks.text("confidence", EXACT)
    if checks.has(block) and isinstance(checks[block].value, dict):
        return checks[block].text("confidence", whole)
    return whole
