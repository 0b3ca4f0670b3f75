"""Providers of which each gives a wrong answer in one method, named by kind and method."""

from canary_subs import (
    Command,
    Cue,
    Engine,
    Provider,
    Session,
    Subtitles,
    Utterance,
    Word,
    hookimpl,
)
from canary_subs.testing import (
    FakeAligner,
    FakeDelivery,
    FakeEngine,
    FakeLayout,
    FakeSegmenter,
    FakeTagger,
    FakeWriter,
)


class PairsOfOne(FakeEngine):
    def pairs(self):
        return ["en"]


class PairsAreNothing(FakeEngine):
    def pairs(self):
        return None


class OpenGivesText(FakeEngine):
    def open(self, context):
        return "a session"


class ModelsAreNames(FakeEngine):
    def models(self):
        return ["large"]


class FromSession(Engine):
    def pairs(self):
        return [("en", "en"), ("de", "de")]

    def open(self, context):
        return self.session()


class RecogniseNothing(FromSession):
    class session(Session):
        def recognise(self, requests):
            return None


class RecogniseTexts(FromSession):
    class session(Session):
        def recognise(self, requests):
            return [["some text"] for request in requests]


class RecogniseTooFew(FromSession):
    class session(Session):
        def recognise(self, requests):
            return []


class RecogniseOtherLanguage(FromSession):
    class session(Session):
        def recognise(self, requests):
            return [[Utterance(text="x", span=one.clip.span, language="xx")] for one in requests]


class RecogniseNumbers(FromSession):
    class session(Session):
        def recognise(self, requests):
            return [[Utterance(text=7, span=one.clip.span, language="en")] for one in requests]


class RecogniseWordTexts(FromSession):
    class session(Session):
        def recognise(self, requests):
            return [
                [Utterance(text="x", span=one.clip.span, language="en", words=("x",))]
                for one in requests
            ]


class RecogniseRelativeTimes(FromSession):
    class session(Session):
        def recognise(self, requests):
            word = Word(text="x", start_ms=0, end_ms=500)  # of the clip, not of the video
            return [
                [Utterance(text="x", span=one.clip.span, language="en", words=(word,))]
                for one in requests
            ]


class IdentifyGivesName(FromSession):
    class session(Session):
        def recognise(self, requests):
            return []

        def identify(self, clips, candidates):
            return "en"


class IdentifyGivesTexts(FromSession):
    class session(Session):
        def recognise(self, requests):
            return []

        def identify(self, clips, candidates):
            return {"en": "certainly"}


class CutGivesNumbers(FakeSegmenter):
    def cut(self, clips, max_ms):
        return [1, 2, 3]


class CutGivesNothing(FakeSegmenter):
    def cut(self, clips, max_ms):
        return None


class CutGoesBack(FakeSegmenter):
    def cut(self, clips, max_ms):
        return list(super().cut(clips, max_ms))[::-1]


class AlignGivesWords(FakeAligner):
    def align(self, clip, utterance):
        return utterance.words


class TagGivesNames(FakeTagger):
    def tag(self, clips):
        return ["doorbell"]


class LayoutGivesTexts(FakeLayout):
    def layout(self, request):
        return ["a cue"]


class LayoutGivesOneLine(FakeLayout):
    def layout(self, request):
        return [Cue(start_ms=0, end_ms=1000, lines="a line")]


class LayoutGivesNothing(FakeLayout):
    def layout(self, request):
        pass


class WriteGivesText(FakeWriter):
    def write(self, document):
        return "text"


class SuffixWithoutDot(FakeWriter):
    suffix = "txt"


class FindGivesTruth(FakeDelivery):
    def find(self, media, track, suffix):
        return True


class DeliverGivesNothing(FakeDelivery):
    def deliver(self, media, rendered):
        pass


class DeliverGivesNumbers(FakeDelivery):
    def deliver(self, media, rendered):
        yield 1


class ReadGivesCues:
    suffixes = (".readgivescues",)

    def sniff(self, data, hints):
        return hints.name.endswith(self.suffixes)

    def read(self, data, hints):
        return []


class ReadGivesTexts(ReadGivesCues):
    suffixes = (".readgivestexts",)

    def read(self, data, hints):
        return Subtitles(cues=("Hello.",))


def provider(kind):
    return Provider(name=kind.__name__.lower(), summary="wrong", make=lambda *_: kind())


@hookimpl
def canary_subs_engines():
    kinds = (
        PairsOfOne, PairsAreNothing, OpenGivesText, ModelsAreNames, RecogniseNothing,
        RecogniseTexts, RecogniseTooFew, RecogniseOtherLanguage, RecogniseNumbers,
        RecogniseWordTexts, RecogniseRelativeTimes, IdentifyGivesName, IdentifyGivesTexts,
    )  # fmt: skip
    return map(provider, kinds)


@hookimpl
def canary_subs_segmenters():
    return map(provider, (CutGivesNumbers, CutGivesNothing, CutGoesBack))


@hookimpl
def canary_subs_aligners():
    return [provider(AlignGivesWords)]


@hookimpl
def canary_subs_taggers():
    return [provider(TagGivesNames)]


@hookimpl
def canary_subs_layouts():
    return map(provider, (LayoutGivesTexts, LayoutGivesOneLine, LayoutGivesNothing))


@hookimpl
def canary_subs_writers():
    return map(provider, (WriteGivesText, SuffixWithoutDot))


@hookimpl
def canary_subs_deliveries():
    return map(provider, (FindGivesTruth, DeliverGivesNothing, DeliverGivesNumbers))


@hookimpl
def canary_subs_readers():
    return map(provider, (ReadGivesCues, ReadGivesTexts))


@hookimpl
def canary_subs_commands():
    return [
        Command(
            name="wrong",
            help="returns a text",
            add_arguments=lambda parser: None,
            run=lambda args, settings, plugins: "done",
        )
    ]
