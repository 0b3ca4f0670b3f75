"""Proof pages: one HTML file per video, to watch, check and correct its subtitles in a browser.

A page is self-contained: style, scripts, texts and waveform are in the file; only the video is next
to it. It opens from a disk without a network, makes no requests, and never runs text as code.
"""

from __future__ import annotations

from canary_subs.proof.index import IndexEntry, TrackSummary, index
from canary_subs.proof.page import PageTrack, page
from canary_subs.proof.peaks import Peaks, Waveform

__all__ = ["IndexEntry", "PageTrack", "Peaks", "TrackSummary", "Waveform", "index", "page"]
