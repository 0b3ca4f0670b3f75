"""A layout, a writer, a segmenter and a delivery that raise something of their own."""

from canary_subs import Provider, hookimpl
from canary_subs.testing import FakeDelivery, FakeLayout, FakeSegmenter, FakeWriter


class Layout(FakeLayout):
    def layout(self, request):
        raise KeyError("no such word")


class Writer(FakeWriter):
    suffix = ".fails"

    def write(self, document):
        raise ZeroDivisionError("division by zero")


class Segmenter(FakeSegmenter):
    def cut(self, clips, max_ms):
        yield from super().cut(clips, max_ms)
        raise IndexError("no clip is left")


class Delivery(FakeDelivery):
    def find(self, media, track, suffix):
        if media.path.stem == "Lost":
            raise RuntimeError("the archive forgot it")
        return


def provider(kind, name="fails"):
    return Provider(name=name, summary="raises", make=lambda *_: kind())


@hookimpl
def canary_subs_layouts():
    return [provider(Layout)]


@hookimpl
def canary_subs_writers():
    return [provider(Writer)]


@hookimpl
def canary_subs_segmenters():
    return [provider(Segmenter)]


@hookimpl
def canary_subs_deliveries():
    return [provider(Delivery)]
