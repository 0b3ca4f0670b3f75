"""Proof pages: one HTML file for each film, to watch, check and correct its subtitles in a browser.

A page is whole in itself: style, scripts, texts and waveform are in the file, and only the video
lies beside it. It opens from a disk without a network, asks nothing of one, and runs no text.
"""

from __future__ import annotations

from canary_subs.proof.index import Entry, TrackSummary, index
from canary_subs.proof.page import Track, page
from canary_subs.proof.peaks import Peaks, Waveform

__all__ = ["Entry", "Peaks", "Track", "TrackSummary", "Waveform", "index", "page"]
