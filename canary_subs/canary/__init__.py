"""The Canary engine: NVIDIA's speech recognition and translation models, decoded by our own loop.

Importing this package costs nothing; torch and NeMo come in when a session is opened.
"""

from __future__ import annotations

from collections.abc import Iterable

from canary_subs.canary.aligner import CtcOptions, CtcWordTimer
from canary_subs.canary.engine import CanaryEngine
from canary_subs.canary.options import CanaryRequestOptions
from canary_subs.plugin.hookspecs import Aligner, Engine, Provider, hookimpl


@hookimpl
def canary_subs_engines() -> Iterable[Provider[Engine]]:
    return [
        Provider(
            name="canary",
            summary="NVIDIA Canary: 25 European languages, to and from English, with word times",
            make=CanaryEngine,
            request_options=CanaryRequestOptions,
        )
    ]


@hookimpl
def canary_subs_aligners() -> Iterable[Provider[Aligner]]:
    return [
        Provider(
            name="ctc",
            summary="word times from any CTC model of NeMo's, by forced alignment",
            make=CtcWordTimer,
            options=CtcOptions,
        )
    ]
