"""Takes the place of the speech detector `silero`, and fails."""

from dataclasses import dataclass

from canary_subs import Provider, hookimpl
from canary_subs.testing import FakeSegmenter


@dataclass(frozen=True)
class Options:
    long_pause_ms: int = 600
    short_pause_ms: int = 250
    padding_ms: int = 100


class Silero(FakeSegmenter):
    def cut(self, clips, max_ms):
        yield from super().cut(clips, max_ms)
        raise IndexError("no clip is left")


@hookimpl
def canary_subs_segmenters():
    return [Provider(name="silero", summary="fails", make=lambda *_: Silero(), options=Options)]
