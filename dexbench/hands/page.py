"""The report of a hand as one HTML page that needs nothing but a browser."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from dexbench.evaluation.markup import Content, Markup, element, fragment, table
from dexbench.evaluation.paper import paper

from .cards import grasp_cards, image, kapandji_cards, touch_tables
from .plots import legend, workspace_plots


def render(document: Mapping[str, Any], command: str = "", no_pictures: str = "") -> str:
    """Return the page. All text of `document` is escaped.

    Args:
      document: of `report.assemble`.
      command: what makes this page.
      no_pictures: why there are none, said where there are none.
    """
    identity = document["identity"]
    feix, kapandji = document["feix"], document["kapandji"]
    sections: list[tuple[str, str, str, Markup]] = [
        ("identity", "Identity and provenance", "", _identity(identity)),
        (
            "checks",
            "Checks",
            "The compiled model against its own data. Where the data is an estimate, passing says that the model "
            "follows the estimate, not that it is like the real hand.",
            _checks(document["checks"]),
        ),
        (
            "workspace",
            "Workspace and opposition",
            f"{document['workspace']['samples']} postures of each finger, uniform over its commands, palm still, links "
            "passing through each other. Volumes are those of convex hulls: they overstate hollow spaces.",
            _workspace(document["workspace"]),
        ),
        (
            "strength",
            "Force and speed at the fingertips",
            "Force: the largest along the pad's normal that the motors can hold in that posture, through the Jacobian, "
            "couplings included; limited by torque or by how far a position command can be told to pull (0: a servo "
            "at the end of its range, which gives way first). Simulated: read on a fixed plate, the rest of the hand "
            "held. Speed: of the tip, all motors at their limits. Torques and gains are those of the model.",
            _strength(document["strength"]),
        ),
        (
            "kapandji",
            f"Kapandji score: {kapandji['strict']} strict, {kapandji['loose']} loose",
            "The thumb's tip goes to ten places, one after the other; the touched finger helps. Reached: its skin "
            f"within {1000 * kapandji['near_m']:.0f} mm of the place (the red ball), no two links deeper than 2 mm in "
            "each other, ranges and couplings kept. Strict: the largest k such that 1 to k all pass; loose: how many "
            "pass.",
            kapandji_cards(kapandji, no_pictures),
        ),
        (
            "feix",
            f"Grasp types: {feix['score']} of {feix['of']}",
            "The 33 types of the GRASP taxonomy (Feix et al., 2016). Passed: in simulation, after closing, every "
            "prescribed link is within 2 mm of the object with the prescribed face, none deeper than 3 mm, and the "
            "object (0.1 kg, no gravity) moves less than 20 mm and turns less than 15 degrees under its weight in each "
            "of six directions. Prescribed links, objects and sizes are our reading of the taxonomy, which shows "
            "pictures. A failure is one of this search, not a proof that the hand cannot.",
            grasp_cards(feix, no_pictures),
        ),
        ("touch", "Touch", "", touch_tables(document["touch"])),
    ]
    if command:
        sections.append(
            ("again", "Measure it again", "", element("div", element("pre", element("code", command)), class_="code"))
        )
    links = [element("li", element("a", title, href=f"#{key}")) for key, title, _, _ in sections]
    return paper(
        f"DexBench: what the hand {identity['name']} can do",
        element("a", "Skip to the numbers", href="#main", class_="skip"),
        _masthead(identity, kapandji, feix),
        element(
            "main",
            element("nav", element("ul", *links), aria_label="Sections"),
            *(
                element(
                    "section",
                    element("h3", title, id=f"{key}-title"),
                    element("p", note, class_="note") if note else None,
                    body,
                    id=key,
                    aria_labelledby=f"{key}-title",
                )
                for key, title, note, body in sections
            ),
            id="main",
        ),
        style=files(__package__).joinpath("report.css").read_text(encoding="utf-8"),
    )


def _masthead(identity: Mapping[str, Any], kapandji: Mapping[str, Any], feix: Mapping[str, Any]) -> Markup:
    estimated = [b["block"] for b in identity["confidence"] if b["confidence"] == "estimated" and "." not in b["block"]]
    caution = f" Estimated, so not a statement about the real hand: {', '.join(estimated)}." if estimated else ""
    return element(
        "header",
        element("button", "Dark", type="button", id="theme", hidden=True, aria_label="Switch between dark and light"),
        element("h1", "DexBench"),
        element("p", f"What a hand can do: {identity['full_name']}", class_="subtitle"),
        element(
            "p",
            f"{identity['active']} motors on {len(identity['joints'])} joints; Kapandji score ",
            element("strong", kapandji["strict"]),
            f" of 10 ({kapandji['loose']} places reached); ",
            element("strong", f"{feix['score']} of {feix['of']}"),
            " grasp types.",
            caution,
            class_="lede",
        ),
    )


def _identity(identity: Mapping[str, Any]) -> Markup:
    facts = {
        "Hand": identity["name"],
        "Side": identity["side"],
        "Joints": len(identity["joints"]),
        "Motors": identity["active"],
        "Mass": f"{identity['mass_kg']:.3f} kg",
        "Measured on": identity["embodiment"],
        "Digest": identity["digest"][:12],
    }
    joints: list[list[Content]] = [
        [
            j["name"],
            j["role"] or "-",
            j["driven_by"],
            f"{j['lower_deg']:.0f} .. {j['upper_deg']:.0f}",
            f"{j['speed_rad_s']:.2f}",
            "-" if j["torque_n_m"] is None else f"{j['torque_n_m']:.2f}",
        ]
        for j in identity["joints"]
    ]
    known: list[list[Content]] = [[b["block"], _word(b["confidence"]), b["why"]] for b in identity["confidence"]]
    return fragment(
        image(identity["picture"], f"the hand {identity['name']}, straight", "portrait"),
        element("dl", *(element("div", element("dt", k), element("dd", v)) for k, v in facts.items()), class_="facts"),
        table(["Block", "Confidence", "Source, or why"], known, "What the numbers rest on", class_="left", wide=True),
        table(
            ["Joint", "Role", "Driven by", "Range [deg]", "Speed [rad/s]", "Torque [N m]"],
            joints,
            "Joints",
            class_="left",
            wide=True,
        ),
        element("p", "Sources: " + "; ".join(identity["sources"]) + ".", class_="small")
        if identity["sources"]
        else None,
    )


def _word(confidence: str) -> Markup:
    return element("span", confidence, class_="bad" if confidence == "estimated" else None)


def _checks(checks: Mapping[str, Any]) -> Markup:
    rows: list[list[Content]] = [
        [
            f["what"],
            f["expected"],
            f["found"],
            "ok" if f["ok"] else element("span", "failed", class_="bad"),
            _word(f["confidence"]),
        ]
        for f in checks["findings"]
    ]
    caption = f"{checks['passed']} of {checks['made']} hold"
    return table(["Check", "Expected", "Found", "", "Expected by"], rows, caption, class_="left", wide=True)


def _workspace(workspace: Mapping[str, Any]) -> Markup:
    tips = workspace["tips"]
    boxes: list[list[Content]] = [
        [
            finger,
            f"{1e6 * tip['hull_m3']:.0f}",
            *(f"{1000 * lo:.0f} .. {1000 * hi:.0f}" for lo, hi in zip(tip["lower_m"], tip["upper_m"], strict=True)),
        ]
        for finger, tip in tips.items()
    ]
    pairs: list[list[Content]] = [
        [
            o["finger"],
            f"{1000 * o['tips_m']:.1f}",
            f"{1000 * o['pads_m']:.1f}",
            f"{o['facing_deg']:.0f}",
            f"{1e6 * o['shared_m3']:.1f}",
        ]
        for o in workspace["opposition"]
    ]
    return fragment(
        element("div", *workspace_plots(tips), class_="plots"),
        legend(tips),
        table(
            ["Fingertip", "Hull [cm³]", "x [mm]", "y [mm]", "z [mm]"],
            boxes,
            "Boxes in the hand's frame: x to the thumb's side, y along the fingers, z out of the palm",
            class_="plain",
            wide=True,
        ),
        table(
            ["Thumb and", "Tip frames [mm]", "Pads, no collision [mm]", "Pads off facing [deg]", "Shared [cm³]"],
            pairs,
            "Opposition: least distances; the thumb meets some fingertip in "
            f"{1e6 * workspace['opposability_m3']:.0f} cm³ (counted in cubes of 5 mm)",
            class_="plain",
            wide=True,
        ),
    )


def _strength(strength: Mapping[str, Any]) -> Markup:
    rows: list[list[Content]] = [
        [
            f"{p['finger']}, {p['posture']}",
            f"{p['force_n']:.1f}",
            f"{p['limit']} of {p['motor']}",
            f"{p['torque_only_n']:.1f}",
            "" if p["simulated_n"] is None else f"{p['simulated_n']:.1f}",
            f"{p['speed_m_s']:.2f}",
        ]
        for p in strength["presses"]
    ]
    head: list[Content] = [
        "Finger, posture",
        "Force [N]",
        "Limited by",
        "By torques alone [N]",
        "Simulated [N]",
        "Speed [m/s]",
    ]
    return table(head, rows, "Largest force and speed", class_="plain", wide=True)
