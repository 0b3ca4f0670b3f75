"""Check a track as the catalogue's built-in checks do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from canary_subs.cues import canary_subs_checks
from canary_subs.cues.check import in_time
from canary_subs.model import Context, Cue, Finding, Profile
from canary_subs.plugin.hookspecs import CheckRequest, NoOptions

CHECKS = [provider.make(NoOptions(), Context()) for provider in canary_subs_checks()]


def checked(cues: Sequence[Cue], profile: Profile, **known: Any) -> tuple[Finding, ...]:
    """The findings of every built-in check; ``known`` are further fields of the request."""
    for name, value in known.items():
        known[name] = tuple(value) if isinstance(value, list) else value
    request = CheckRequest(cues=tuple(cues), profile=profile, **known)
    found = [finding for check in CHECKS for finding in check.check(request)]
    return tuple(sorted(found, key=in_time))
