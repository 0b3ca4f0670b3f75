"""Make docs/images/proof.png, the picture in the README, from a page that `make demo` wrote."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "build/demo/videos/english/noise_and_music.proof.html"
PICTURE = ROOT / "docs/images/proof.png"
#: Where the playhead stands: between two sentences, which the example shows in its picture.
SECONDS = 6.0


def main() -> int:
    """Take the picture; 1 if there is no Chromium or no page."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None or not PAGE.is_file():
        print(f"needs Chromium, and {PAGE} from 'make demo'", file=sys.stderr)
        return 1
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(PAGE.as_uri())
        page.wait_for_function("document.querySelector('video').readyState >= 2")
        page.evaluate(f"document.querySelector('video').currentTime = {SECONDS}")
        page.wait_for_timeout(1500)
        page.screenshot(path=str(PICTURE))
        browser.close()
    print(f"{PICTURE}: {PICTURE.stat().st_size / 1000:.0f} KB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
