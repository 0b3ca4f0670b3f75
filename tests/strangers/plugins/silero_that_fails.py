"""Takes the place of the speech detector `silero`, and fails."""

from canary_subs import Provider, hookimpl
from canary_subs.speech import SileroOptions
from canary_subs.testing import FakeSegmenter


class Silero(FakeSegmenter):
    def cut(self, clips, max_ms):
        yield from super().cut(clips, max_ms)
        raise IndexError("no clip is left")


@hookimpl
def canary_subs_segmenters():
    return [
        Provider(name="silero", summary="fails", make=lambda *_: Silero(), options=SileroOptions)
    ]
