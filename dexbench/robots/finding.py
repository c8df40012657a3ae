"""What a check found."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One comparison of a compiled model with the data it was made from."""

    subject: str
    """What was compared, for example "right/shadow: total mass [kg]"."""
    expected: str
    found: str
    ok: bool

    def __str__(self) -> str:
        return f"{'ok' if self.ok else 'FAILED'}  {self.subject}: {self.found} (expected {self.expected})"


def near(subject: str, found: float, expected: float, tolerance: float) -> Finding:
    """Return whether a number is within `tolerance` of what is expected."""
    ok = abs(found - expected) <= tolerance
    return Finding(subject, f"{expected:.6g} +- {tolerance:.2g}", f"{found:.6g}", bool(ok))


def at_most(subject: str, found: float, limit: float) -> Finding:
    """Return whether a number does not exceed `limit`."""
    return Finding(subject, f"<= {limit:.6g}", f"{found:.6g}", bool(found <= limit))
