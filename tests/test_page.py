"""The page, as a browser renders it: headless Chromium reads it from a file and its DOM is looked at."""

import html
import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest

from dexbench.core.errors import DataError
from dexbench.evaluation.leaderboard import build, clips
from dexbench.evaluation.measurement import measure
from dexbench.evaluation.page import Video, render
from dexbench.evaluation.rows import load_run

MP4 = b"\0\0\0\x18ftypisom" + bytes(12)
JPEG = b"\xff\xd8\xff\xe0" + bytes(8)
EVIL = "<script>document.title='stolen'</script><img src=x onerror=\"document.title='stolen'\">\"'&"
SWITCHES = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--virtual-time-budget=2000",
]
BROWSER = next((b for b in ("chromium", "chromium-browser", "google-chrome") if shutil.which(b)), None)
in_browser = pytest.mark.skipif(
    BROWSER is None, reason="no Chromium here: sudo apt-get install -y chromium (CI installs it)"
)


@pytest.fixture
def document(write_run):
    runs = []
    for agent, skill, keep in [("scripted", 0.95, None), ("flow", 0.5, None), ("zero", 0.0, None), ("half", 0.9, 7)]:
        constants = {"doc": f"What {agent} is.", "CONTROL": agent == "zero"}
        folder = write_run(agent, skill, {"grasp": 20, "tray": 10}, keep=keep)
        runs.append(measure(load_run(folder), f"runs/quick/{agent}", constants=constants))
    return build(runs, "dexbench leaderboard runs", {"grasp_object-v1": "The named object is held 10 cm up."})


class _Dom(HTMLParser):
    """What a browser made of the page: elements with attributes, and the text that is not script or style."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.words, self._hidden = [], [], 0
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self._hidden += tag in ("script", "style", "title")

    def handle_endtag(self, tag):
        self._hidden -= tag in ("script", "style", "title")

    def handle_data(self, data):
        if not self._hidden:
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    def all(self, tag, **wanted):
        return [a for t, a in self.elements if t == tag and all(a.get(k.rstrip("_")) == v for k, v in wanted.items())]


def _browse(page, folder, *switches):
    """Return the DOM after scripts have run."""
    path = folder / "page.html"
    path.write_text(page, encoding="utf-8")
    command = [BROWSER, *SWITCHES, *switches, f"--user-data-dir={folder / 'profile'}", "--dump-dom", path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return _Dom(done.stdout)


@in_browser
def test_a_browser_shows_the_whole_page(document, tmp_path):
    videos = {clip: Video(MP4, JPEG) for clip in clips(document) if clip.agent == "scripted"}
    dom = _browse(render(document, videos), tmp_path)
    best = document["boards"][0]["rows"][0]["success"]
    for words in (
        "bimanual dexterous hands",
        f"{100 * best['rate']:.1f} %",
        f"{100 * best['lower']:.1f} – {100 * best['upper']:.1f}",
        "The named object is held 10 cm up.",
        "Controls: should fail",
        "7 of 60 episodes: not ranked",
        "never_reached",
        "Ours@3",
        "dexbench eval --agent flow --suite quick",
        "dexbench verify runs/quick/flow",
        "dexbench leaderboard runs",
        "They never share a column with ours",
    ):
        assert words in dom.text
    assert len(dom.all("button", class_="copy")) == 5  # the script ran: the policy's digest is that of the script
    assert "hidden" not in dom.all("button", id="theme")[0]
    assert len(dom.all("video")) == len(videos) > 0
    anchors = {a["href"][1:] for a in dom.all("a") if a["href"].startswith("#")}
    assert anchors <= {a["id"] for _, a in dom.elements if "id" in a}
    assert len(anchors) > 8


@in_browser
def test_text_of_a_run_is_never_markup(write_run, tmp_path):
    def poison(row):
        row["failure"] = EVIL if not row["success"] else "none"
        row["trial"]["objects"][0]["instance"] = EVIL

    run = measure(
        load_run(write_run(EVIL, 0.5, edit=poison, command=EVIL, versions={EVIL: EVIL}, settings={EVIL: EVIL})),
        EVIL,
        constants={"doc": EVIL},
    )
    page = render(build([run], EVIL, {"grasp_object-v1": EVIL}), no_videos=EVIL)
    assert EVIL not in page
    assert html.escape(EVIL) in page
    dom = _browse(page, tmp_path)
    assert "document.title='stolen'" in dom.text  # shown as text ...
    assert not dom.all("img")  # ... and nothing of it is an element
    assert len(dom.all("script")) == 1


@in_browser
def test_dark_and_light_differ_and_the_page_fits_a_phone(document, tmp_path):
    """The page measures itself in a frame as wide as a phone: nothing but its own scrolling boxes may be wider."""
    probe = (
        "<!DOCTYPE html><iframe id='f' width='390' height='800' src='page.html'></iframe><pre id='o'></pre><script>"
        "onload=()=>{const d=document.getElementById('f').contentDocument,s=getComputedStyle(d.body);"
        "document.getElementById('o').textContent="
        "`${d.documentElement.scrollWidth} ${s.backgroundColor} ${s.color}`}</script>"
    )
    (tmp_path / "page.html").write_text(render(document), encoding="utf-8")
    (tmp_path / "probe.html").write_text(probe, encoding="utf-8")
    seen = []
    for scheme in (0, 1):  # 0: dark, 1: light
        done = subprocess.run(
            [BROWSER, *SWITCHES, "--allow-file-access-from-files", f"--blink-settings=preferredColorScheme={scheme}",
             f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", (tmp_path / "probe.html").as_uri()],
            capture_output=True, text=True, timeout=120, check=True,
        )  # fmt: skip
        width, *colours = re.search(r'<pre id="o">(\d+) (rgb\(.*?\)) (rgb\(.*?\))</pre>', done.stdout).groups()
        assert int(width) <= 390
        paper, ink = (_luminance(c) for c in colours)
        assert (max(paper, ink) + 0.05) / (min(paper, ink) + 0.05) > 7
        seen.append(paper > ink)
    assert seen == [False, True]


def _luminance(colour):
    """Return the relative luminance of "rgb(r, g, b)", as the contrast rule (WCAG 2) has it."""
    channels = [int(c) / 255 for c in re.findall(r"\d+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_the_page_needs_no_network_and_no_other_file(document):
    page = render(document, {clip: Video(MP4, JPEG) for clip in clips(document)})
    dom = _Dom(page)
    for tag, attributes in dom.elements:
        for name in ("src", "href", "poster", "action", "data"):
            assert attributes.get(name, "#").startswith(("#", "data:")), f"{tag} loads {attributes[name]!r}"
    assert not re.search(r"url\(|@import", page)
    (policy,) = [a["content"] for a in dom.all("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")


def test_every_picture_and_table_says_what_it_is(document):
    dom = _Dom(render(document, {clip: Video(MP4, JPEG) for clip in clips(document)}))
    pictures = dom.all("svg") + dom.all("video")
    assert len(pictures) > 50
    assert all(a.get("aria-label") for a in pictures)
    assert len(dom.all("caption")) == len(dom.all("table"))
    assert all(a.get("scope") for a in dom.all("th"))
    assert all(a.get("tabindex") == "0" for a in dom.all("div", class_="scroll"))


def test_page_without_films_says_why(document):
    assert "No films on this page: no OpenGL library." in _Dom(render(document, no_videos="no OpenGL library.")).text


def test_film_that_no_browser_plays_is_refused(document, tmp_path):
    clip = next(iter(clips(document)))
    with pytest.raises(DataError, match="no MP4"):
        render(document, {clip: Video(b"GIF89a" + bytes(20))})
    with pytest.raises(DataError, match="poster"):
        render(document, {clip: Video(MP4, b"<svg>")})
    path = tmp_path / "film.mp4"
    path.write_bytes(MP4)
    assert render(document, {clip: Video(path, JPEG)}) == render(document, {clip: Video(MP4, JPEG)})


def test_shared_ranks_and_controls(write_run):
    runs = [measure(load_run(write_run(a, 0.5)), a) for a in ("one", "two")]
    runs.append(measure(load_run(write_run("zero", 0.0)), "zero", constants={"CONTROL": True}))
    document = build(runs)
    assert [row["rank"] for row in document["boards"][0]["rows"]] == [1, 1, None]
    text = _Dom(render(document)).text
    assert text.count("1=") == 2
    assert "1 other cannot be told apart from it" in text


def test_page_without_runs():
    assert "No run has been measured yet" in _Dom(render(build([]))).text
