"""Files of the models that the user names, from the Hugging Face hub."""

from __future__ import annotations

import errno
import logging
import os
import re
import time
from pathlib import Path

from canary_subs.errors import ModelError, ModelUnavailable

#: A model's name on the hub: owner/name.
_NAME = re.compile(r"\w[\w.-]*/\w[\w.-]*", re.ASCII)

#: An unreachable hub is not asked again for this long: noticing takes half a minute, for which
#: every video of a full queue would wait.
_ASK_AGAIN_S = 20.0
#: Model -> when the hub was last unreachable for it (monotonic seconds), and the error message.
_out_of_reach: dict[str, tuple[float, str]] = {}

#: Disk errors while a model is downloaded.
_DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM})


def may_have(name: str) -> bool:
    """Whether this could be a model's name on the hub; makes no request."""
    return _NAME.fullmatch(name) is not None


def fetch(name: str, file: str, advice: str) -> Path:
    """Download a file of a model into the hub's own cache, once, and return its path.

    ``advice`` is what to do if that fails: "copy it here, or ...". The cache never shows a
    half-written file. Raises `ModelError` if the hub has no such model and
    `ModelUnavailable` if it cannot be reached or the disk is full.
    """
    import huggingface_hub
    from huggingface_hub import errors

    try:
        return Path(huggingface_hub.hf_hub_download(name, file, local_files_only=True))
    except (errors.LocalEntryNotFoundError, errors.HFValidationError, OSError, ValueError):
        pass
    failed_at, message = _out_of_reach.get(name, (0.0, ""))
    if message and time.monotonic() - failed_at < _ASK_AGAIN_S:
        raise ModelUnavailable(message)
    # It logs every attempt; one line at the end is enough.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    try:
        return Path(huggingface_hub.hf_hub_download(name, file))
    except errors.LocalEntryNotFoundError as error:  # also an EntryNotFoundError
        reason: Exception = error
    except errors.HFValidationError as error:
        raise ModelError(f"{name!r} cannot be the name of a model on the hub; check it") from error
    except (errors.RepositoryNotFoundError, errors.EntryNotFoundError) as error:
        raise ModelError(
            f"the hub has no file {file} of a model {name!r}, or requires a login to see it "
            "(set HF_TOKEN); `canary-subs models` lists the known models"
        ) from error
    except Exception as error:  # the hub's client raises errors of several HTTP libraries
        reason = error
    absent = f"model {name} is not on this machine and"
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on"):
        raise ModelError(f"{absent} HF_HUB_OFFLINE forbids downloading it; {advice}") from reason
    if isinstance(reason, OSError) and reason.errno in _DISK_ERRORS:
        raise ModelUnavailable(
            f"model {name} cannot be stored in the hub's cache ({reason.strerror}); fix that, or "
            "set HF_HOME to a folder with enough space"
        ) from reason
    message = f"{absent} the hub cannot be reached ({_cause(reason)}); {advice}"
    _out_of_reach[name] = (time.monotonic(), message)
    raise ModelUnavailable(message) from reason


def _cause(error: BaseException) -> str:
    """The root cause of the client's error, in one line."""
    while error.__cause__ is not None:
        error = error.__cause__
    return " ".join(str(error).split())[:100] or type(error).__name__
