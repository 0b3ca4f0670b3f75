"""Every failure that a user can cause or fix. Anything else is a bug and keeps its traceback.

    CanarySubsError
    ├── UsageError               the request makes no sense                exit 2
    │   ├── ConfigError          a configuration that cannot be used
    │   ├── UnknownName          no provider, format, profile or model has that name
    │   ├── UnsupportedPair      the model cannot go from this language to that one
    │   └── NotSubtitles         not a subtitle file that can be read
    ├── MediaError               this file cannot be subtitled             exit 3
    │   ├── NotMedia             not a sound or video file
    │   ├── NoAudio              no audio track in it
    │   │   └── NoSound          no sound at all; a video that is silent by intention
    │   ├── DamagedMedia         begins well and cannot be read to its end
    │   └── EncryptedMedia       cannot be read without its key
    ├── LanguageUncertain        the spoken language is not certain enough exit 4
    ├── ModelError               the model is missing, broken, or of another kind exit 5
    │   └── DeviceTooSmall       the model does not fit where it is to run
    ├── OutputError              the output cannot be written              exit 6
    ├── PluginError              a plugin failed; only its own output is lost
    │   └── PluginUnusable       a plugin says that it cannot be used here, and why
    ├── StoreError               the job store cannot be used              exit 7
    └── Cancelled                the caller cancelled the work             exit 130

`Temporary` stands beside this tree: an error that is one too may be gone when the same work is
tried again later. Messages are one line: what is wrong, with which file, and what to do.
"""

from __future__ import annotations


class CanarySubsError(Exception):
    """A failure with a message for a person."""

    #: The process's exit status where this ends the command.
    exit_code: int = 1


class Temporary(CanarySubsError):
    """The same work may succeed later with nothing changed: a full disk, a lost share, a busy hub.

    Raise it from a plugin to have the video tried again later.
    """


class UsageError(CanarySubsError):
    """The request makes no sense."""

    exit_code = 2


class ConfigError(UsageError):
    """A configuration that cannot be used."""


class UnknownName(UsageError):
    """No provider, format, profile or model has that name."""


class UnsupportedPair(UsageError):
    """The model cannot go from this language to that one."""


class NotSubtitles(UsageError):
    """Not a subtitle file that can be read."""


class MediaError(CanarySubsError):
    """This file cannot be subtitled."""

    exit_code = 3


class NotMedia(MediaError):
    """Not a sound or video file."""


class NoAudio(MediaError):
    """The file has no audio track."""


class NoSound(NoAudio):
    """The file has no audio track, or one that holds nothing: there is nothing to subtitle."""


class EncryptedMedia(MediaError):
    """The file's sound cannot be read without its key."""


class DamagedMedia(MediaError):
    """The file begins well and cannot be read to its end."""


class MediaUnavailable(MediaError, Temporary):
    """The file cannot be reached at present, as on a share that is gone."""


class LanguageUncertain(CanarySubsError):
    """The spoken language is not certain enough to go on without guessing."""

    exit_code = 4


class ModelError(CanarySubsError):
    """The model is missing, broken, or of another kind than the engine reads."""

    exit_code = 5


class DeviceTooSmall(ModelError):
    """The model does not fit where it is to run."""


class ModelUnavailable(ModelError, Temporary):
    """The model cannot be fetched at present: no network, a busy hub, a full disk."""


class OutputError(Temporary):
    """The output cannot be written."""

    exit_code = 6


class PluginError(CanarySubsError):
    """A plugin failed; only its own output is lost."""


class PluginUnusable(PluginError):
    """A plugin says that it cannot be used here (a missing key, a licence), and why."""


class PluginUnavailable(PluginError, Temporary):
    """A plugin could not reach what it needs (a connection, an answer in time)."""


class StoreError(CanarySubsError):
    """The job store cannot be used."""

    exit_code = 7


class Cancelled(CanarySubsError):
    """The caller cancelled the work."""

    exit_code = 130


class StoreUnavailable(StoreError, Temporary):
    """The job store cannot be used at present: locked by another program, or a full disk."""
