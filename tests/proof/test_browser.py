"""The page in a real Chromium, from a disk, as an editor uses it."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import pytest
import srt
import webvtt

from canary_subs.model import AudioClip, Cue, Finding
from canary_subs.proof import IndexEntry, PageTrack, TrackSummary, index, page
from tests.proof.tracks import PROFILE, cue, english, german, peaks

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import Page, expect

HOSTILE = "</script><img src=x onerror=\"window.ran='img'\"><script>window.ran='script'</script>"
UNHEARD = Finding(
    rule="unsubtitled",
    start_ms=10_200,
    end_ms=11_900,
    measured="1.70 s of speech without a cue",
    limit="1.50 s",
)


def noise() -> Any:
    samples = np.random.default_rng(0).uniform(-0.4, 0.4, 16_000 * 12).astype(np.float32)
    return peaks([AudioClip(samples=samples, start_samples=0)])


Opened = Callable[..., Page]


@pytest.fixture
def opened(browser: Any, video: Path, tmp_path: Path) -> Iterator[Opened]:
    """Opens a page beside its video; checks afterwards that no request and no error was made."""
    context = browser.new_context(accept_downloads=True, viewport={"width": 1280, "height": 860})
    trouble: list[str] = []
    asked: list[str] = []

    def open_(**changes: Any) -> Page:
        shutil.copy(video, tmp_path / "video.webm")
        data: dict[str, Any] = {
            "name": "video.webm",
            "video": PurePath("video.webm"),
            "duration_ms": 12_000,
            "tracks": [english(UNHEARD), german()],
            "frame_rate": Fraction(25),
            "peaks": noise(),
            "shots_ms": (3500, 7000),
        }
        path = tmp_path / "video.html"
        path.write_bytes(page(**{**data, **changes}))
        tab = context.new_page()
        tab.on("console", lambda message: trouble.append(f"{message.type}: {message.text}"))
        tab.on("pageerror", lambda error: trouble.append(str(error)))
        tab.on("request", lambda request: asked.append(request.url))
        tab.goto(path.as_uri())
        return tab

    yield open_
    allowed = {(tmp_path / name).as_uri() for name in ("video.html", "video.webm", "video.mkv")}
    assert {url for url in asked if not url.startswith("blob:null/")} <= allowed
    assert trouble == []
    context.close()


def ready(tab: Page) -> None:
    # Not wait_for_function: it evaluates text in the page, which the page's policy forbids.
    for _ in range(300):
        if tab.evaluate("document.querySelector('video').readyState >= 1"):
            return
        tab.wait_for_timeout(100)
    raise AssertionError("the video is not ready")


def seconds(tab: Page) -> float:
    return float(tab.evaluate("document.querySelector('video').currentTime"))


def saved(tab: Page, button: str) -> str:
    with tab.expect_download() as download:
        tab.get_by_role("button", name=button).click()
    return Path(download.value.path()).read_bytes().decode()


def counted(tab: Page) -> int:
    return int(tab.locator("#findings-count").inner_text())


def test_plays_with_the_cues_on_the_video(opened: Opened) -> None:
    tab = opened()
    ready(tab)
    tab.evaluate("document.querySelector('video').muted = true")
    tab.locator("body").press("Space")
    expect(tab.get_by_role("button", name="Pause")).to_be_visible()
    overlay = tab.locator("#overlay")
    expect(overlay).to_contain_text("The first of them", timeout=15_000)
    expect(overlay).to_have_text("", timeout=15_000)
    tab.locator("body").press("Space")
    expect(tab.get_by_role("button", name="Play", exact=True)).to_be_visible()
    at = seconds(tab)
    assert 3 <= at < 4
    tab.wait_for_timeout(300)
    assert seconds(tab) == at


def test_a_click_on_a_cue_or_a_finding_goes_there(opened: Opened) -> None:
    tab = opened()
    ready(tab)
    tab.get_by_role("option", name=re.compile("The last of them")).click()
    assert seconds(tab) == 8
    expect(tab.locator("#overlay")).to_have_text("The last of them")
    expect(tab.get_by_label("Text, one line")).to_have_value("The last of them")
    tab.get_by_role("tab", name="Findings").click()
    tab.get_by_role("option", name=re.compile(", Too short,")).click()
    assert seconds(tab) == 6
    tab.get_by_role("option", name=re.compile(", Speech without a cue,")).click()
    assert seconds(tab) == 10.2


def test_the_keyboard_alone_is_enough(opened: Opened) -> None:
    tab = opened()
    ready(tab)
    body = tab.locator("body")
    status = tab.get_by_role("status")
    visited = []
    for _ in range(3):
        body.press("n")
        visited.append(seconds(tab))
    assert visited == [4, 6, 10.2]
    expect(status).to_contain_text("Finding 3 of 3: Speech without a cue")
    body.press("n")
    expect(status).to_contain_text("last finding")
    body.press("p")
    assert seconds(tab) == 6
    body.press("ArrowDown")
    assert seconds(tab) == 8
    body.press("ArrowLeft")
    assert seconds(tab) == 7
    body.press(".")
    assert seconds(tab) == 7.04
    body.press("e")
    expect(tab.get_by_label("Text, one line")).to_be_focused()
    # In a field the letters are letters.
    tab.keyboard.type(" n p")
    assert seconds(tab) == 7.04
    tab.keyboard.press("Escape")
    body.press("?")
    expect(tab.get_by_role("dialog", name="Keys")).to_be_visible()
    tab.get_by_role("checkbox", name="Keys without Ctrl").uncheck()
    tab.get_by_role("button", name="Close").click()
    body.press("n")
    assert seconds(tab) == 7.04


def test_what_was_edited_is_what_is_saved(opened: Opened) -> None:
    tab = opened()
    before = list(srt.parse(saved(tab, "Save SRT")))
    tracks = english().cues
    assert [(c.content, c.start, c.end) for c in before] == [
        (c.text, timedelta(milliseconds=c.start_ms), timedelta(milliseconds=c.end_ms))
        for c in tracks
    ]
    tab.get_by_role("option", name=re.compile("but nobody")).click()
    tab.get_by_label("Text, one line").fill("but nobody could\nread this")
    tab.get_by_label("End", exact=True).fill("0:05,9")
    tab.get_by_label("End", exact=True).press("Enter")
    expect(tab.locator("#unsaved")).to_have_text("Not saved: en")
    after = list(srt.parse(saved(tab, "Save SRT")))
    expect(tab.locator("#unsaved")).to_have_text("")
    assert after[1].content == "but nobody could\nread this"
    assert (after[1].start, after[1].end) == (timedelta(seconds=4), timedelta(seconds=5.9))
    assert [after[n] for n in (0, 2, 3)] == [before[n] for n in (0, 2, 3)]
    captions = webvtt.from_string(saved(tab, "Save VTT")).captions
    assert [(c.text, c.start, c.end) for c in captions][1] == (
        "but nobody could\nread this",
        "00:00:04.000",
        "00:00:05.900",
    )
    assert len(captions) == 4


def test_the_check_runs_again_at_every_change(opened: Opened) -> None:
    tab = opened()
    assert counted(tab) == 3
    tab.get_by_role("option", name=re.compile("but nobody")).click()
    findings = tab.get_by_role("list", name="Findings in this cue")
    expect(findings).to_contain_text("Too fast to read 54.0 cps, limit 17 cps")
    text = tab.get_by_label("Text, one line")
    text.fill("but nobody")
    expect(findings).to_have_text("")
    assert counted(tab) == 2
    text.fill("but nobody\n" + "x" * 43 + "\nthird")
    expect(findings).to_contain_text("Line too wide 43 columns, limit 42 columns")
    expect(findings).to_contain_text("Too many lines 3 lines, limit 2 lines")
    text.fill("")
    expect(findings).to_contain_text("Empty cue")
    tab.get_by_label("End", exact=True).fill("6.5")
    tab.get_by_label("End", exact=True).press("Enter")
    tab.get_by_role("option", name=re.compile("too short")).click()
    expect(findings).to_contain_text("Overlap")
    # Typing in one field is one step back, and the end that was typed another.
    for _ in range(2):
        tab.locator("body").press("Control+z")
    expect(tab.get_by_role("button", name="Undo")).to_be_disabled()
    assert counted(tab) == 3
    assert [c.content for c in srt.parse(saved(tab, "Save SRT"))][1] == english().cues[1].text
    tab.locator("body").press("Control+y")
    # An empty cue is not saved.
    assert len(list(srt.parse(saved(tab, "Save SRT")))) == 3


def test_a_finding_that_only_the_sound_can_settle_is_marked_once_its_cue_changed(
    opened: Opened,
) -> None:
    doubtful = Finding(
        rule="low-confidence", start_ms=1000, end_ms=3000, measured="41 %", limit="60 %", cue=0
    )
    tab = opened(tracks=[english(doubtful)])
    findings = tab.get_by_role("list", name="Findings in this cue")
    expect(findings).to_have_text("Not sure of the words 41 %, limit 60 %")
    tab.get_by_label("Text, one line").fill("Corrected")
    expect(findings).to_contain_text("(before your change)")


def test_cues_are_split_merged_made_and_deleted(opened: Opened) -> None:
    tab = opened()
    text = tab.get_by_label("Text, one line")
    tab.get_by_role("option", name=re.compile("The first")).click()
    text.focus()
    tab.keyboard.press("Control+Home")
    for _ in range(len("The first")):
        tab.keyboard.press("ArrowRight")
    tab.keyboard.press("Control+Enter")
    parts = list(srt.parse(saved(tab, "Save SRT")))
    assert [part.content for part in parts[:2]] == ["The first", "of them\nis easy to read"]
    first, second = parts[:2]
    assert (first.start, second.end) == (timedelta(seconds=1), timedelta(seconds=3))
    # Two frames at 25 a second.
    assert second.start - first.end == timedelta(milliseconds=80)
    tab.get_by_role("button", name="Merge").click()
    parts = list(srt.parse(saved(tab, "Save SRT")))
    assert parts[0].content == "The first\nof them\nis easy to read"
    assert (parts[0].end, len(parts)) == (timedelta(seconds=3), 4)
    tab.get_by_role("button", name="Delete").click()
    assert len(list(srt.parse(saved(tab, "Save SRT")))) == 3
    tab.get_by_role("slider", name="Position in the video").press("Home")
    tab.get_by_role("button", name="New cue here").click()
    tab.keyboard.type("A new one")
    made = next(srt.parse(saved(tab, "Save SRT")))
    assert (made.content, made.start, made.end) == (
        "A new one",
        timedelta(0),
        timedelta(seconds=2),
    )


def test_the_edges_of_a_cue_are_moved_with_keys_and_pointer(opened: Opened) -> None:
    tab = opened()
    tab.get_by_role("option", name=re.compile("The first")).click()
    end = tab.get_by_role("slider", name="End of the cue")
    end.press("ArrowRight")
    expect(tab.get_by_label("End", exact=True)).to_have_value("00:00:03.040")
    box = end.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    tab.mouse.move(x, y)
    tab.mouse.down()
    tab.mouse.move(x - 50, y, steps=5)
    tab.mouse.up()
    typed = tab.get_by_label("End", exact=True).input_value()
    pixels_a_second = tab.evaluate("document.getElementById('wave').clientWidth") / 12
    assert float(typed[-6:]) == pytest.approx(3.04 - 50 / max(60, pixels_a_second), abs=0.02)
    # One drag is one step back.
    tab.get_by_role("button", name="Undo").click()
    expect(tab.get_by_label("End", exact=True)).to_have_value("00:00:03.040")


def test_a_click_on_the_waveform_goes_there(opened: Opened) -> None:
    tab = opened()
    ready(tab)
    box = tab.locator("#wave").bounding_box()
    assert box is not None
    wide = tab.evaluate("document.getElementById('wave').clientWidth")
    x = box["x"] + wide / 2
    tab.mouse.click(x, box["y"] + 60)
    assert seconds(tab) == pytest.approx(6.0, abs=0.05)
    # On the lane under it a cue is chosen as a whole.
    tab.mouse.click(box["x"] + wide * 9.5 / 12, box["y"] + 115)
    assert seconds(tab) == 8
    drawn = tab.evaluate(
        "[...document.querySelector('#wave > div').shadowRoot.querySelectorAll('canvas')].some("
        "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(Boolean))"
    )
    assert drawn


def test_tracks_are_chosen_and_shown_together(opened: Opened) -> None:
    tab = opened()
    ready(tab)
    tab.get_by_role("button", name="German on the video").click()
    tab.get_by_role("option", name=re.compile("The last")).click()
    overlay = tab.locator("#overlay")
    expect(overlay.locator("p")).to_have_text(["Die letzte", "The last of them"])
    tab.get_by_label("Edit").select_option("German")
    expect(overlay.locator("p")).to_have_text(["Die letzte"])
    assert [sub.content for sub in srt.parse(saved(tab, "Save SRT"))] == [
        c.text for c in german().cues
    ]


def test_tracks_have_names(opened: Opened) -> None:
    names = {
        "en": "English",
        "en.sdh": "English (SDH)",
        "pt-BR.forced": "Brazilian Portuguese (forced)",
        "de+en": "German + English",
        "video.final.srt": "video.final.srt",
        "\u2028.sdh": "\u2028.sdh",
    }
    tab = opened(tracks=[replace(german(), language=name) for name in names])
    ready(tab)
    shown = tab.get_by_label("Edit").locator("option").evaluate_all("all => all.map(o => o.label)")
    assert [" ".join(name.split()) for name in shown] == [
        " ".join(n.split()) for n in names.values()
    ]
    tab.get_by_label("Edit").select_option("English (SDH)")
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Save SRT").click()
    assert download.value.suggested_filename == "video.en.sdh.srt"


def test_hostile_text_is_shown_and_never_runs(opened: Opened) -> None:
    track = PageTrack(
        language="<b>x</b>",
        profile=PROFILE,
        cues=(
            Cue(start_ms=0, end_ms=4000, lines=(HOSTILE, "{\\an8}<i>two</i>"), speaker=HOSTILE),
            cue(5000, 9000, HOSTILE),
        ),
        findings=(
            Finding(rule=HOSTILE, start_ms=0, end_ms=1, measured=HOSTILE, limit=HOSTILE, cue=0),
        ),
    )
    tab = opened(name=f"{HOSTILE}.webm", tracks=[track, german()])
    ready(tab)
    tab.get_by_role("tab", name="Findings").click()
    tab.locator("#findings .row").first.click()
    expect(tab.locator("#overlay span").first).to_have_text(HOSTILE)
    expect(tab.locator("h1")).to_have_text(f"{HOSTILE}.webm")
    expect(tab.get_by_role("list", name="Findings in this cue")).to_contain_text(HOSTILE)
    expect(tab.locator("#findings .value").filter(has_text=HOSTILE)).to_be_visible()
    tab.get_by_role("button", name="German on the video").click()
    tab.get_by_label("Text, one line").fill(HOSTILE + HOSTILE)
    expect(tab.locator("#overlay span")).to_have_text(HOSTILE + HOSTILE)
    vtt = saved(tab, "Save VTT")
    assert "<img" not in vtt
    assert "<script" not in vtt
    assert tab.evaluate("[window.ran ?? null, document.images.length]") == [None, 0]
    assert tab.evaluate("document.scripts.length") == 3


def test_what_slipped_in_could_still_not_run_or_ask(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "video.html"
    path.write_bytes(page(name="f", video=None, duration_ms=1000, tracks=[german()]))
    tab = browser.new_page()
    refused: list[str] = []
    tab.on("console", lambda message: refused.append(message.text))
    tab.goto(path.as_uri())
    tab.evaluate(
        """() => {
          const script = document.createElement('script');
          script.textContent = 'window.ran = true';
          document.body.append(script);
          document.body.insertAdjacentHTML('beforeend',
            '<img src="x.png" onerror="window.ran = true"><iframe src="video.html"></iframe>');
          return fetch('video.html').catch(() => {});
        }"""
    )
    tab.wait_for_timeout(300)
    assert tab.evaluate("window.ran ?? null") is None
    assert sum("Content Security Policy" in text for text in refused) >= 4
    tab.close()


def test_without_a_playable_video_it_asks_for_one_and_edits_meanwhile(
    opened: Opened, video: Path, tmp_path: Path
) -> None:
    (tmp_path / "video.mkv").write_bytes(b"no video at all")
    tab = opened(name="video.mkv", video=PurePath("video.mkv"))
    expect(tab.get_by_text("This browser cannot play video.mkv")).to_be_visible()
    tab.get_by_role("option", name=re.compile("The last")).click()
    expect(tab.locator("#overlay")).to_have_text("The last of them")
    expect(tab.locator("#clock")).to_have_text("00:00:08.000")
    with tab.expect_file_chooser() as chooser:
        tab.get_by_role("button", name="Choose the video").click()
    chooser.value.set_files(video)
    ready(tab)
    assert seconds(tab) == 8
    expect(tab.get_by_text("This browser cannot play")).to_be_hidden()


def test_a_page_without_video_sound_or_cues_is_still_a_page(opened: Opened) -> None:
    empty = PageTrack(language="en", profile=PROFILE, cues=())
    tab = opened(
        video=None, tracks=[empty], peaks=None, duration_ms=0, frame_rate=None, shots_ms=()
    )
    expect(tab.get_by_text("is not beside this page")).to_be_visible()
    for key in ("n", "p", "ArrowDown", "m", "s", "Delete", "[", "Space", "e", "Control+z"):
        tab.locator("body").press(key)
    assert saved(tab, "Save SRT") == ""
    tab.locator("body").press("i")
    tab.keyboard.type("The first of all")
    assert next(srt.parse(saved(tab, "Save SRT"))).content == "The first of all"


def _busy_ms(tab: Page, action: str) -> float:
    """Processor time of the page's main thread for one action; a busy machine adds none."""
    client = tab.context.new_cdp_session(tab)
    client.send("Performance.enable", {"timeDomain": "threadTicks"})

    def busy() -> float:
        metrics = client.send("Performance.getMetrics")["metrics"]
        return float(next(m["value"] for m in metrics if m["name"] == "TaskDuration"))

    before = busy()
    tab.evaluate(
        f"""async () => {{
          const frame = () => new Promise(requestAnimationFrame);
          const text = document.getElementById('cue-text');
          const scroll = document.querySelector('#wave > div').shadowRoot.querySelector('.scroll');
          const press = (key) =>
            document.body.dispatchEvent(new KeyboardEvent('keydown', {{ key, bubbles: true }}));
          for (let n = 0; n < 10; n++) {{
            ({action})();
            await frame();
            await frame();
          }}
        }}"""
    )
    spent = (busy() - before) * 1000 / 10
    client.detach()
    return spent


def test_a_long_video_stays_quick(opened: Opened) -> None:
    rng = random.Random(2)
    words = "somebody said that nobody would ever have read so many words".split()
    step = 4320
    many = tuple(
        cue(n * step, n * step + rng.randint(600, 4200), " ".join(rng.choices(words, k=6)), "more")
        for n in range(2500)
    )
    track = PageTrack(language="en", profile=PROFILE, cues=many)
    loud = np.random.default_rng(1).uniform(-1, 1, 16_000).astype(np.float32)
    three_hours = peaks(
        AudioClip(samples=loud, start_samples=n * 16_000) for n in range(0, 10_800, 2)
    )
    tab = opened(video=None, tracks=[track] * 3, duration_ms=10_800_000, peaks=three_hours)
    assert tab.locator(".row").count() < 80
    actions = {
        "next cue": "() => press('ArrowDown')",
        "next finding": "() => press('n')",
        "scroll the waveform": "() => (scroll.scrollLeft += 4000)",
        "scroll the list": "() => (document.getElementById('cues').scrollTop += 5000)",
        "type": "() => { text.value += 'x'; text.dispatchEvent(new Event('input')); }",
    }
    spent = {name: _busy_ms(tab, action) for name, action in actions.items()}
    assert max(spent.values()) < 100, spent
    assert tab.locator(".row").count() < 80


def test_it_fits_a_phone_and_follows_the_readers_theme(opened: Opened) -> None:
    tab = opened()
    ink = "getComputedStyle(document.body).color"
    light = tab.evaluate(ink)
    tab.emulate_media(color_scheme="dark")
    assert tab.evaluate(ink) != light
    tab.set_viewport_size({"width": 360, "height": 740})
    tab.wait_for_timeout(300)
    assert tab.evaluate("document.documentElement.scrollWidth") == 360
    for name in ("Play", "Save SRT", "Next finding", "Split"):
        button = tab.get_by_role("button", name=name, exact=True)
        button.scroll_into_view_if_needed()
        expect(button).to_be_in_viewport()
    tab.get_by_role("option", name=re.compile("too short")).click()
    expect(tab.get_by_label("Text, one line")).to_have_value("too short")


def test_every_control_has_a_name_and_can_be_reached_with_tab(opened: Opened) -> None:
    tab = opened()
    nameless = tab.evaluate(
        """() => [...document.querySelectorAll('button, input, select, textarea, [role]')]
          .filter((e) => !['presentation', 'option', 'tabpanel'].includes(e.role)
            && e.type !== 'file' && !e.closest('[role=option]') && e.role !== 'status'
            && !(e.labels?.length || e.ariaLabel || e.textContent.trim()
              || e.getAttribute('aria-labelledby')))
          .map((e) => e.outerHTML)"""
    )
    assert nameless == []
    reached = set()
    for _ in range(60):
        tab.keyboard.press("Tab")
        reached.add(tab.evaluate("document.activeElement.id"))
    wanted = "track save-srt play cue-start cue-text split cues search tab-cues place handle-end"
    assert set(wanted.split()) <= reached


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_index_leads_to_the_pages(browser: Any, tmp_path: Path, scheme: str) -> None:
    name = "50% #1?.html"
    (tmp_path / name).write_bytes(
        page(name="video.webm", video=None, duration_ms=12_000, tracks=[english()])
    )
    videos = [
        IndexEntry(
            name="video.webm",
            page=PurePath(name),
            duration_ms=12_000,
            tracks=(
                TrackSummary(language="en", cues=4, findings={"unsubtitled": 1}),
                TrackSummary(language="de", cues=2, findings={}),
            ),
        ),
        IndexEntry(
            name=HOSTILE,
            page=PurePath("none.html"),
            tracks=(TrackSummary(language=HOSTILE, cues=1, findings={HOSTILE: 9}),),
        ),
    ]
    (tmp_path / "index.html").write_bytes(index(videos, title=HOSTILE))
    context = browser.new_context(color_scheme=scheme, viewport={"width": 360, "height": 640})
    tab = context.new_page()
    trouble: list[str] = []
    tab.on("console", lambda message: trouble.append(message.text))
    tab.on("pageerror", lambda error: trouble.append(str(error)))
    tab.goto((tmp_path / "index.html").as_uri())
    expect(tab.get_by_role("link")).to_have_text([HOSTILE, "video.webm"])
    assert tab.evaluate("[window.ran, document.images.length, document.scripts.length]") == [
        None,
        0,
        0,
    ]
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    red, green, blue = re.findall(
        r"\d+", tab.evaluate("getComputedStyle(document.body).backgroundColor")
    )
    assert (int(red) + int(green) + int(blue) < 384) is (scheme == "dark")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    expect(tab.locator("#verdict")).to_contain_text("4 cues, 2 findings")
    assert trouble == []
    context.close()
