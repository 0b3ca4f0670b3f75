"""What canary_subs relies on, checked for one provider; `AssertionError` says what is wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from canary_subs.errors import CanarySubsError
from canary_subs.model import (
    Context,
    Cue,
    Document,
    Finding,
    MediaInfo,
    Profile,
    Rendered,
    Span,
    Track,
    Transcript,
)
from canary_subs.plugin.hookspecs import (
    Check,
    CheckRequest,
    Delivery,
    Layout,
    LayoutRequest,
    Provider,
    Writer,
)
from canary_subs.plugin.manager import KINDS, Plugins
from canary_subs.plugin.options import build
from canary_subs.testing.samples import (
    document,
    hard_documents,
    transcript,
)


def claim(truth: object, message: str) -> None:
    """`assert` that stays where Python optimises, and always says what is wrong."""
    if not truth:
        raise AssertionError(message)


def plugins(*plugins: object) -> Plugins:
    """These plugins and no others, named by their place: "plugin 1" and so on.

    Raises `AssertionError` where one of them cannot be loaded.
    """
    made = Plugins()
    for number, plugin in enumerate(plugins, 1):
        made.add(f"plugin {number}", "test", partial(_itself, plugin))
    for found in made.plugins:
        claim(found.broken is None, f"{found.name} cannot be loaded: {found.broken}")
    return made


def _itself(plugin: object) -> object:
    return plugin


def check_plugin(plugin: object) -> dict[str, tuple[Provider[Any], ...]]:
    """It loads, and what it offers can be listed and made; returns that, by kind."""
    made = plugins(plugin)
    offers = {kind: tuple(entry.provider for entry in made.providers(kind)) for kind in KINDS}
    for providers in offers.values():
        for provider in providers:
            check_provider(provider)
    return offers


def check_provider(provider: Provider[Any]) -> None:
    """Its name can be typed, its summary is a line, its options have defaults."""
    name, summary = provider.name, provider.summary
    claim(name == name.lower(), f"the name {name!r} should be in lower case")
    claim(not set(name) & set("/\\,=:"), f"the name {name!r} should have no signs that flags use")
    claim(summary.strip() and "\n" not in summary, f"the summary of {name!r} should be one line")
    claim(len(summary) <= 100, f"the summary of {name!r} should fit a line: {len(summary)} columns")
    try:
        build(provider.options, {}, name)
    except CanarySubsError as error:
        raise AssertionError(f"the options of {name!r} have no usable defaults: {error}") from error


def make(
    provider: Provider[Any],
    options: Mapping[str, object] | None = None,
    context: Context | None = None,
) -> Any:
    """What the provider makes, with options as a configuration would give them."""
    made = build(provider.options, options or {}, provider.name)
    return provider.make(made, context or Context())


def check_writer(provider: Provider[Writer], options: Mapping[str, object] | None = None) -> None:
    """It writes bytes, or bytes by suffix, the same ones each time, whatever the track holds.

    A writer may refuse what its format cannot hold, by an error for users.
    """
    check_provider(provider)
    writer = make(provider, options)
    suffix = writer.suffix
    claim(
        isinstance(suffix, str) and suffix.startswith(".") and len(suffix) > 1,
        f"a suffix begins with a dot, not as {suffix!r}",
    )
    claim(not set(suffix) & set("/\\\0 "), f"the suffix {suffix!r} could not stand in a file name")
    for name, hard in hard_documents():
        try:
            data = writer.write(hard)
        except CanarySubsError as error:
            claim("\n" not in str(error), f"{name}: an error for users is one line: {error}")
            continue
        except Exception as error:
            raise AssertionError(f"{name}: the writer of {suffix} raised {error!r}") from error
        files = data if isinstance(data, Mapping) else {suffix: data}
        claim(
            suffix in files, f"{name}: the file of the suffix {suffix} is not among {list(files)}"
        )
        for given in files.values():
            claim(
                isinstance(given, bytes),
                f"{name}: a writer gives bytes, not {type(given).__name__}",
            )
        again = make(provider, options).write(hard)
        claim(data == again, f"{name}: written twice, the bytes of {suffix} differ")


def check_text_writer(
    provider: Provider[Writer], options: Mapping[str, object] | None = None
) -> None:
    """`check_writer`, and the file is UTF-8 without a mark, with every word of the track in order.

    Characters that a format must escape are not asked for.
    """
    check_writer(provider, options)
    writer = make(provider, options)
    said = transcript("Good evening.", "The red boat is small and the blue ones are large.")
    data = _file(writer, document(said))
    claim(not data.startswith(b"\xef\xbb\xbf"), f"{writer.suffix} begins with a byte order mark")
    text = data.decode("utf-8")
    position = 0
    for word in (word.text for utterance in said.utterances for word in utterance.words):
        found = text.find(word, position)
        claim(found >= 0, f"{writer.suffix} lacks the word {word!r}, or has it too early")
        position = found + len(word)
    for name, hard in hard_documents():
        try:
            data = _file(writer, hard)
        except CanarySubsError:
            continue
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise AssertionError(f"{name}: {writer.suffix} is not UTF-8: {error}") from error


def _file(writer: Writer, document: Document) -> bytes:
    """The file of the writer's own suffix."""
    written = writer.write(document)
    return written[writer.suffix] if isinstance(written, Mapping) else written


def check_layout(
    provider: Provider[Layout],
    profile: Profile | None = None,
    options: Mapping[str, object] | None = None,
) -> None:
    """Cues rise and never overlap, and show every word once, in order, whatever was said."""
    check_provider(provider)
    layout: Layout = make(provider, options)
    rules = profile or Profile(name="check")
    long = " ".join(f"word{number}" for number in range(300)) + "."
    said = {
        "nothing": replace(transcript("x"), utterances=()),
        "a word": transcript("Hello."),
        "sentences": transcript("Good evening.", "The red boat is small.", "How are you?"),
        "a sentence without end": transcript(long),
        "a word without end": transcript("x" * 200),
        "overlapping utterances": _overlapping(),
        "a late start": transcript("Good night.", start_ms=11 * 3_600_000),
    }
    for rate in (None, Fraction(25), Fraction(24000, 1001)):
        for name, one in said.items():
            request = LayoutRequest(transcript=one, profile=rules, frame_rate=rate)
            cues = layout.layout(request)
            _check_cues(f"{name} at {rate} frames a second", cues, one)
            again = layout.layout(request)
            claim(tuple(again) == tuple(cues), f"{name}: laid out twice, the cues differ")
    for cue in layout.layout(LayoutRequest(transcript=said["sentences"], profile=rules)):
        claim(len(cue.lines) <= rules.max_lines, f"{len(cue.lines)} lines in {cue.lines!r}")
        for line in cue.lines:
            claim(len(line) <= rules.max_columns, f"{len(line)} columns in {line!r}")


def check_check(
    provider: Provider[Check],
    request: CheckRequest | None = None,
    options: Mapping[str, object] | None = None,
) -> None:
    """Findings are about cues of the track, equal for equal requests, with little known or much.

    ``request`` is a track in which the check finds something, if that is to be asserted.
    """
    check_provider(provider)
    check: Check = make(provider, options)
    cue = Cue(start_ms=1000, end_ms=1200, lines=("Hello there, who is it?",))
    profile = Profile(name="check")
    little = CheckRequest(cues=(cue,), profile=profile)
    requests = {
        "no cues": replace(little, cues=()),
        "a cue": little,
        "no speech": replace(little, speech=(), language="en", duration_ms=5000),
        "a translation": replace(little, original=(cue,), frame_rate=Fraction(25)),
    }
    if request is not None:
        requests["the given track"] = request
    for name, one in requests.items():
        found = list(check.check(one))
        for finding in found:
            claim(isinstance(finding, Finding), f"{name}: {finding!r:.60} is not a Finding")
            claim(
                finding.cue is None or 0 <= finding.cue < len(one.cues),
                f"{name}: {finding.rule} names cue {finding.cue} of {len(one.cues)}",
            )
            claim(finding.start_ms <= finding.end_ms, f"{name}: {finding.rule} ends too early")
        claim(list(check.check(one)) == found, f"{name}: checked twice, the findings differ")
    if request is not None:
        claim(bool(found), "nothing was found in the given track")


def _overlapping() -> Transcript:
    said = transcript("One two three.", "Four five six.")
    first, second = said.utterances
    back_ms = second.span.start_ms - first.span.end_ms + 100
    words = tuple(
        replace(word, start_ms=word.start_ms - back_ms, end_ms=word.end_ms - back_ms)
        for word in second.words
    )
    span = Span(start_ms=words[0].start_ms, end_ms=words[-1].end_ms)
    return replace(said, utterances=(first, replace(second, words=words, span=span)))


def _check_cues(name: str, cues: Sequence[Cue], said: Transcript) -> None:
    last_ms = 0
    for cue in cues:
        claim(cue.start_ms >= last_ms, f"{name}: a cue begins at {cue.start_ms} ms, too early")
        claim(cue.end_ms > cue.start_ms, f"{name}: a cue at {cue.start_ms} ms has no duration")
        claim(cue.lines and all(cue.lines), f"{name}: a cue at {cue.start_ms} ms has empty lines")
        last_ms = cue.end_ms
    wanted = [word.text for utterance in said.utterances for word in utterance.words]
    shown = [word.text for cue in cues for word in cue.words]
    claim(shown == wanted, f"{name}: the cues' words are not those that were said, in order")
    text = "".join("".join(line.split()) for cue in cues for line in cue.lines)
    claim(
        text == "".join("".join(wanted).split()), f"{name}: the lines do not show every word once"
    )


def check_delivery(
    provider: Provider[Delivery],
    media: MediaInfo,
    options: Mapping[str, object] | None = None,
    context: Context | None = None,
) -> None:
    """It delivers several files at once, can be repeated, and changes no file of the user's.

    ``media`` really exists, and is of a kind that the delivery can use.
    """
    check_provider(provider)
    delivery: Delivery = make(provider, options, context)
    english, german, french = (Track((language,)) for language in ("en", "de", "fr"))
    rendered = [
        Rendered(
            track=track,
            format="srt",
            suffix=".srt",
            data=f"1\n00:00:00,000 --> 00:00:01,000\n{text}\n".encode(),
        )
        for track, text in ((english, "Hello."), (german, "Guten Tag."))
    ]
    before = digest(media.path)
    place = delivery.find(media, english, ".srt")
    claim(place is None, f"nothing was delivered yet, and it finds {place!r}")
    places = list(delivery.deliver(media, rendered))
    claim(
        places and all(isinstance(place, str) and place for place in places),
        f"it should say where the result is, not {places!r}",
    )
    again = list(make(provider, options, context).deliver(media, rendered))
    claim(again == places, f"delivered again, the result went to {again!r}, not {places!r}")
    for track in (english, german):
        found = delivery.find(media, track, ".srt")
        claim(found in (None, *places), f"it delivers to {places!r} and finds {found!r}")
    other = delivery.find(media, french, ".srt")
    claim(other is None, f"nothing French was delivered, and it finds {other!r}")
    claim(digest(media.path) == before, f"delivering changed {media.path}")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
