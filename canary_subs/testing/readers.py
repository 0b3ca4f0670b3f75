"""What canary_subs relies on in a reader, asked of one provider."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from canary_subs.errors import NotSubtitles
from canary_subs.model import Damage, Subtitles
from canary_subs.plugin.hookspecs import Provider, Reader, ReadHints
from canary_subs.testing.checks import check_provider, claim, make
from canary_subs.testing.samples import HOSTILE_TEXTS


def check_reader(
    provider: Provider[Reader], *samples: bytes, options: Mapping[str, object] | None = None
) -> None:
    """It reads the samples, which are files of its format, the same way each time.

    What is cut off, mixed up or something else it reads or refuses, by `NotSubtitles`.
    """
    check_provider(provider)
    reader: Reader = make(provider, options)
    for suffix in reader.suffixes:
        claim(
            suffix.startswith(".") and suffix == suffix.lower() and len(suffix) > 1,
            f"a suffix is in lower case and begins with a dot, not as {suffix!r}",
        )
    for data in samples:
        name = f"the sample {data[:40]!r}"
        claim(reader.sniff(data, _hints(data)), f"{name} is not known by sniff")
        found = reader.read(data, _hints(data))
        _check_subtitles(name, found)
        claim(found.cues, f"{name}: no cue was read")
        again = make(provider, options).read(data, _hints(data))
        claim(found == again, f"{name}: read twice, the cues differ")
        for share in range(1, 10):
            _check_survives(reader, data[: len(data) * share // 10])
            _check_survives(reader, data[len(data) * share // 10 :])
        for text in HOSTILE_TEXTS:
            middle = len(data) // 2
            _check_survives(reader, data[:middle] + text.encode() + data[middle:])
    for data in (b"", bytes(range(256)), *(text.encode() for text in HOSTILE_TEXTS)):
        _check_survives(reader, data)


def _hints(data: bytes) -> ReadHints:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = ""
    return ReadHints(name="sample", text=text, language="en", frame_rate=Fraction(25))


def _check_survives(reader: Reader, data: bytes) -> None:
    name = f"the bytes {data[:40]!r}"
    hints = _hints(data)
    try:
        if reader.sniff(data, hints):
            _check_subtitles(name, reader.read(data, hints))
    except NotSubtitles as error:
        claim("\n" not in str(error), f"{name}: an error for users is one line: {error}")
    except AssertionError:
        raise
    except Exception as error:
        raise AssertionError(f"{name}: the reader raised {error!r}") from error


def _check_subtitles(name: str, found: Any) -> None:
    claim(isinstance(found, Subtitles), f"{name}: read gives Subtitles, not {found!r:.60}")
    claim(
        all(isinstance(damage, Damage) for damage in found.damage),
        f"{name}: damage is given as Damage values",
    )
    for cue in found.cues:
        times = (cue.start_ms, cue.end_ms)
        claim(all(type(ms) is int and ms >= 0 for ms in times), f"{name}: odd times: {times}")
        claim(
            all(line.strip() and "\n" not in line for line in cue.lines),
            f"{name}: a line is empty or more than one: {cue.lines}",
        )
