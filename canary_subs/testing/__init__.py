"""Fakes and conformance checks for people who write plugins.

The checks ask of one provider what canary_subs relies on, and raise `AssertionError` with a
sentence that says what is wrong; the built-ins pass them too. In the test of a plugin::

    from canary_subs.testing import check_plugin, check_text_writer

    def test_it_keeps_the_rules() -> None:
        for provider in check_plugin(my_plugin)["format"]:
            check_text_writer(provider)

The fakes are a full pipeline without a model, without media and without waiting: videos are small
files written by `write_video`, and the words that `Fakes` recognise in them are known beforehand.
"""

from canary_subs.testing.checks import (
    check_check,
    check_delivery,
    check_layout,
    check_plugin,
    check_provider,
    check_text_writer,
    check_writer,
    make,
    plugins,
)
from canary_subs.testing.fakes import (
    FAKE_LANGUAGES,
    FAKE_WORD_MS,
    FakeAligner,
    FakeDelivery,
    FakeEngine,
    FakeLayout,
    Fakes,
    FakeSegmenter,
    FakeSource,
    FakeTagger,
    FakeWriter,
    fake_plan,
    fake_words,
    write_video,
)
from canary_subs.testing.readers import check_reader
from canary_subs.testing.samples import (
    HOSTILE_TEXTS,
    babble,
    document,
    hard_documents,
    media_info,
    silence,
    transcript,
)
from canary_subs.testing.sound_checks import (
    check_aligner,
    check_engine,
    check_segmenter,
    check_source,
    check_tagger,
)

__all__ = [
    "FAKE_LANGUAGES",
    "FAKE_WORD_MS",
    "HOSTILE_TEXTS",
    "FakeAligner",
    "FakeDelivery",
    "FakeEngine",
    "FakeLayout",
    "FakeSegmenter",
    "FakeSource",
    "FakeTagger",
    "FakeWriter",
    "Fakes",
    "babble",
    "check_aligner",
    "check_check",
    "check_delivery",
    "check_engine",
    "check_layout",
    "check_plugin",
    "check_provider",
    "check_reader",
    "check_segmenter",
    "check_source",
    "check_tagger",
    "check_text_writer",
    "check_writer",
    "document",
    "fake_plan",
    "fake_words",
    "hard_documents",
    "make",
    "media_info",
    "plugins",
    "silence",
    "transcript",
    "write_video",
]
