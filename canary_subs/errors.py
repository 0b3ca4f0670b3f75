"""Every failure that a user can cause or mend. Anything else is a bug and keeps its traceback.

    CanarySubsError
    ├── UsageError               what was asked cannot be asked            exit 2
    │   ├── ConfigError          a configuration that does not say what it means
    │   ├── UnknownName          no provider, format, profile or model of that name
    │   ├── UnsupportedPair      the model cannot go from this language to that one
    │   └── NotSubtitles         no subtitle file that can be read
    ├── MediaError               this file cannot be subtitled             exit 3
    │   ├── NotMedia             not a sound or video file
    │   ├── NoAudio              no sound track in it
    │   └── DamagedMedia         begins well and cannot be read to its end
    ├── LanguageUnsure           the spoken language is not certain enough exit 4
    ├── ModelError               the model is missing, broken, or no Canary exit 5
    │   └── DeviceTooSmall       the model does not fit where it is to run
    ├── OutputError              the result has no place to go             exit 6
    ├── PluginError              a plugin failed; nothing but its own output is lost
    │   └── PluginUnusable       a plugin says that it cannot be used here, and why
    └── StoreError               the job store cannot be used              exit 7

Messages are one line: what is wrong, with which file, and what to do.
"""

from __future__ import annotations


class CanarySubsError(Exception):
    """A failure with a message for a person."""

    #: The process's exit status where this ends the command.
    exit_code: int = 1
    #: Whether the same work may succeed later with nothing changed (a full disk, a lost share).
    may_pass: bool = False


class UsageError(CanarySubsError):
    """What was asked cannot be asked."""

    exit_code = 2


class ConfigError(UsageError):
    """A configuration that does not say what it means."""


class UnknownName(UsageError):
    """No provider, format, profile or model of that name."""


class UnsupportedPair(UsageError):
    """The model cannot go from this language to that one."""


class NotSubtitles(UsageError):
    """No subtitle file that can be read."""


class MediaError(CanarySubsError):
    """This file cannot be subtitled."""

    exit_code = 3


class NotMedia(MediaError):
    """Not a sound or video file."""


class NoAudio(MediaError):
    """There is no sound track in it."""


class DamagedMedia(MediaError):
    """The file begins well and cannot be read to its end."""


class LanguageUnsure(CanarySubsError):
    """The spoken language is not certain enough to go on without guessing."""

    exit_code = 4


class ModelError(CanarySubsError):
    """The model is missing, broken, or no Canary."""

    exit_code = 5


class DeviceTooSmall(ModelError):
    """The model does not fit where it is to run."""


class OutputError(CanarySubsError):
    """The result has no place to go."""

    exit_code = 6
    may_pass = True


class PluginError(CanarySubsError):
    """A plugin failed; nothing but its own output is lost."""


class PluginUnusable(PluginError):
    """A plugin says that it cannot be used here (a missing key, a licence), and why."""


class StoreError(CanarySubsError):
    """The job store cannot be used."""

    exit_code = 7
