"""The leaderboard as one HTML page that needs nothing but a browser: no network, no other file."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dexbench.core.errors import DataError

from ._account import TITLE, commands, facts, masthead, meaning, reading
from ._behaviour import attempts, contact, failures, films, stages
from ._results import Board, comparisons, families, measured, ranking, tasks
from .leaderboard import Clip
from .markup import Markup, element
from .paper import paper

NO_VIDEOS = "none was rendered when it was made."
POSTERS = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png", b"RIFF": "image/webp"}


@dataclass(frozen=True)
class Video:
    """A film of one episode."""

    mp4: Path | bytes
    """MP4 with H.264 in yuv420p: what every browser plays."""
    poster: Path | bytes | None = None
    """Still picture shown before it plays: JPEG, PNG or WebP."""


def render(document: Mapping[str, Any], videos: Mapping[Clip, Video] | None = None, no_videos: str = NO_VIDEOS) -> str:
    """Return the page. All text of `document` is escaped, and the page's policy forbids other scripts and any network.

    Args:
      document: a leaderboard document (`leaderboard.build`).
      videos: films to embed; `leaderboard.clips` says which are wanted. Missing ones are left out.
      no_videos: why there is no film, said where there is none.

    Raises:
      DataError: a video or poster is not of a kind that browsers show.
    """
    shown = videos or {}
    boards = [
        _board(board, n, shown, no_videos, len(document["boards"]) > 1) for n, board in enumerate(document["boards"])
    ]
    if not boards:
        boards = [element("p", "No run has been measured yet.", class_="note")]
    return paper(
        f"DexBench leaderboard: {TITLE}",
        element("a", "Skip to the ranking", href="#main", class_="skip"),
        masthead(document),
        element("main", *boards, reading(document), id="main"),
    )


def _board(board: Board, n: int, videos: Mapping[Clip, Video], no_videos: str, several: bool) -> Markup:
    prefix = f"b{n}-"
    sections: list[tuple[str, str, str, Markup | None]] = [
        ("tasks", "Tasks and splits", "All agents on one scale, 0 to 100 %. The bar is the interval.", tasks(board)),
        (
            "objects",
            "Objects",
            "Percent of episodes solved, and counts. Few episodes a cell: read it as a map, not as a ranking.",
            families(board),
        ),
        (
            "stages",
            "Stages",
            "Share of episodes that completed each stage; a stage counts only after those before it.",
            stages(board),
        ),
        ("failures", "Failures", "Each failed episode has one code.", failures(board)),
        (
            "time",
            "Attempts and time",
            "Ours@k: solved within k attempts in a row on the same scene, however the earlier left it (not pass@k). "
            "The first time is conditional on success; the second counts each failure as the time limit.",
            attempts(board),
        ),
        (
            "contact",
            "Contact",
            "Pad: the largest net force on one touch pad. Hand: the largest net force of a hand on the target. One "
            "value an episode; successes and failures together.",
            contact(board),
        ),
        (
            "pairs",
            "Paired comparisons",
            "Every agent ran the same episodes. Under each difference: McNemar's exact p after Holm's correction, and "
            "how many episodes only one of the two solved. Shaded: told apart at 5 %.",
            comparisons(board) if measured(board) else None,
        ),
        (
            "films",
            "Films",
            "Rendered from the recorded states, not during the evaluation. Worst: the failure with the fewest stages.",
            films(board, lambda clip: _video(videos[clip], clip) if clip in videos else None, no_videos),
        ),
        (
            "reproduce",
            "Reproduce and check",
            "Each run by its exact command; then re-simulated without the policy.",
            commands(board),
        ),
    ]
    kept = [(key, title, note, body) for key, title, note, body in sections if body is not None]
    links = [element("li", element("a", title, href=f"#{prefix}{key}")) for key, title, _, _ in kept]
    return element(
        "article",
        element("h2", f"Suite {board['suite']}, protocol {board['protocol']}" if several else "Ranking"),
        facts(board),
        ranking(board),
        element("nav", element("ul", *links), aria_label=f"Sections of suite {board['suite']}"),
        meaning(board),
        *(
            element(
                "section",
                element("h3", title, id=f"{prefix}{key}-title"),
                element("p", note, class_="note"),
                body,
                id=f"{prefix}{key}",
                aria_labelledby=f"{prefix}{key}-title",
            )
            for key, title, note, body in kept
        ),
    )


def _video(video: Video, clip: Clip) -> Markup:
    data = _bytes(video.mp4)
    if data[4:8] != b"ftyp":
        raise DataError(f"the film {clip.agent}, {clip.entry}, {clip.kind} is no MP4 file")
    poster = None
    if video.poster is not None:
        picture = _bytes(video.poster)
        kind = next((k for mark, k in POSTERS.items() if picture.startswith(mark)), None)
        if kind is None:
            raise DataError(f"the poster of {clip.agent}, {clip.entry}, {clip.kind} is neither JPEG, PNG nor WebP")
        poster = _data(kind, picture)
    return element(
        "video",
        src=_data("video/mp4", data),
        poster=poster,
        controls=True,
        muted=True,
        playsinline=True,
        preload="metadata" if poster is None else "none",
        aria_label=f"{clip.kind} episode of agent {clip.agent} on {clip.entry}",
    )


def _bytes(source: Path | bytes) -> bytes:
    return source if isinstance(source, bytes) else source.read_bytes()


def _data(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
