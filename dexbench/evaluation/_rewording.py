"""The same request in other words. The name of the object is never touched: only what is said around it."""

import re

import numpy as np

VERBS = {
    "pick up": ("collect", "get hold of"),
    "grasp": ("grip", "get hold of"),
    "lift": ("raise", "heave up"),
    "raise": ("lift", "bring up"),
    "take": ("get", "fetch"),
    "grab": ("seize", "get hold of"),
    "hold": ("keep hold of", "keep in your hand"),
    "put": ("place", "set"),
    "place": ("put", "set"),
    "move": ("bring", "carry"),
    "bring": ("carry", "take"),
    "hand": ("pass", "give"),
    "pass": ("hand", "give"),
    "open": ("undo", "get open"),
    "close": ("shut", "push shut"),
    "unscrew": ("twist off", "screw off"),
    "pour": ("tip", "empty"),
    "insert": ("push", "fit"),
    "turn": ("rotate", "spin"),
    "rotate": ("turn", "spin"),
    "find": ("look for", "search for"),
    "clear": ("tidy", "empty"),
    "press": ("push", "squeeze"),
    "clean": ("tidy", "clear"),
}
"""Other verbs for the one that a request begins with."""

POLITE = ("please {0}", "kindly {0}", "{0}, please")
QUESTIONS = ("could you {0}?", "would you be so kind as to {0}?", "can you {0} for me?")
AMID = (
    "we are nearly done here. next, {0}. the rest can wait",
    "never mind what I said before: {0}, and nothing else",
    "it is the last thing for today: {0}, then we have a break",
)


def reworded(instruction: str, step: int, rng: np.random.Generator) -> str:
    """Return the request as at a step of the factor `instruction`, from 0 (as it is) to 5.

    Where the verb is not in VERBS, the steps that would change it say "go ahead and" before it.

    Args:
      instruction: begins with a verb.
      step: 1 polite, 2 another verb, 3 a question, 4 amid other talk, 5 another verb in a question amid other talk.
      rng: chooses among several ways.
    """
    spoken = instruction
    if step in (2, 5):
        spoken = _with_other_verb(spoken, rng)
    if step == 1:
        spoken = _one_of(POLITE, rng).format(spoken)
    if step in (3, 5):
        spoken = _one_of(QUESTIONS, rng).format(spoken)
    if step == 4:
        spoken = _one_of(AMID, rng).format(spoken)
    if step == 5:
        spoken = f"the rest can wait, it is not in the way. {spoken} thanks a lot"
    return spoken


def _with_other_verb(instruction: str, rng: np.random.Generator) -> str:
    found = re.match(rf"({'|'.join(VERBS)})\b", instruction)
    if found is None:
        return f"go ahead and {instruction}"
    return _one_of(VERBS[found[1]], rng) + instruction[found.end() :]


def _one_of(ways: tuple[str, ...], rng: np.random.Generator) -> str:
    return ways[int(rng.integers(len(ways)))]
