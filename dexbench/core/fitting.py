"""Which touch sensor is fitted on the hands of an embodiment: another one than its hands' files say."""

import hashlib
from dataclasses import replace
from types import MappingProxyType

from dexbench.core.embodiment import Embodiment, Side, sensing_pads
from dexbench.core.errors import ContractError
from dexbench.core.touch_model import MARK, fit, split_name


def fitted_with(embodiment: Embodiment, option: str) -> Embodiment:
    """Return `embodiment` with touch sensor `option` on each hand.

    Where that is what the hands carry anyway it is the same embodiment; else name and digest say what is fitted.

    Args:
      embodiment: as its files describe it.
      option: of the hands' `touch:` blocks, also with an ending (core.touch_model.fit); "none" takes touch off.

    Raises:
      UnknownName: a hand has no such option; says which it has.
    """
    parts = {name: _fitted(side, option) for name, side in embodiment.parts.items()}
    if all(parts[name].hand.fitted == side.hand.fitted for name, side in embodiment.parts.items()):
        return embodiment
    digest = hashlib.sha256(f"{embodiment.digest}{MARK}{option}".encode())
    return replace(
        embodiment,
        name=f"{embodiment.name}{MARK}{option}",
        pads=tuple(pad for side in parts.values() for pad in sensing_pads(side)),
        parts=MappingProxyType(parts),
        digest=digest.hexdigest(),
    )


def check_touch(embodiment: Embodiment) -> None:
    """Raise ContractError unless `embodiment` has touch; say what could be fitted."""
    if embodiment.pads:
        return
    options = sorted({option for side in embodiment.parts.values() for option in side.hand.touch})
    hands = ", ".join(sorted({side.hand.name for side in embodiment.parts.values()}))
    mend = f"fit one: {', '.join(f'{embodiment.name}{MARK}{o}' for o in options)}" if options else "none is described"
    plain = split_name(embodiment.name)[0]
    raise ContractError(
        f"observation group 'touch' was asked for, and hand {hands} of embodiment {embodiment.name!r} carries no touch "
        f"sensor; {mend.replace(embodiment.name, plain)}"
    )


def _fitted(side: Side, option: str) -> Side:
    hand = side.hand
    model = fit(hand.touch, option)
    if model is None:
        return replace(side, hand=replace(hand, fitted=""))
    return replace(
        side, hand=replace(hand, touch=MappingProxyType({**hand.touch, model.name: model}), fitted=model.name)
    )
