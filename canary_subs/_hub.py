"""Files of models that the user named, from the Hugging Face hub."""

from __future__ import annotations

import errno
import logging
import os
import re
import time
from pathlib import Path

from canary_subs.errors import ModelError

#: What the hub calls a model: its owner and its name.
_NAME = re.compile(r"\w[\w.-]*/\w[\w.-]*", re.ASCII)

#: A hub out of reach is not asked again for so long: it takes half a minute to notice, which every
#: film of a full queue would wait for.
_ASK_AGAIN_S = 20.0
#: Model -> when the hub was last out of reach for it (monotonic seconds), and what was said of it.
_out_of_reach: dict[str, tuple[float, str]] = {}

#: Errors of the disk while a model is fetched.
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM})


def may_have(name: str) -> bool:
    """Whether the hub could know a model by that name; asks nobody."""
    return _NAME.fullmatch(name) is not None


def fetch(name: str, file: str, advice: str) -> Path:
    """Get a file of a model into the hub's own cache, once, and say where it lies.

    ``advice`` is what to do where it cannot be had: "copy it here, or ...". The cache never shows
    a half-written file. Raises `ModelError` where the hub has no such model and, with `may_pass`,
    where it cannot be reached or the disk is full.
    """
    import huggingface_hub
    from huggingface_hub import errors

    try:
        return Path(huggingface_hub.hf_hub_download(name, file, local_files_only=True))
    except (errors.LocalEntryNotFoundError, errors.HFValidationError, OSError, ValueError):
        pass
    asked_at, said = _out_of_reach.get(name, (0.0, ""))
    if said and time.monotonic() - asked_at < _ASK_AGAIN_S:
        raise _for_now(said)
    # It tells of every attempt; one line at the end is enough.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    try:
        return Path(huggingface_hub.hf_hub_download(name, file))
    except errors.LocalEntryNotFoundError as error:  # is an EntryNotFoundError, too
        reason: Exception = error
    except errors.HFValidationError as error:
        raise ModelError(f"the hub can have no model {name!r}; check the name") from error
    except (errors.RepositoryNotFoundError, errors.EntryNotFoundError) as error:
        raise ModelError(
            f"the hub has no file {file} of a model {name!r}, or shows it only to those "
            "who log in (set HF_TOKEN); `canary-subs models` lists those that are known"
        ) from error
    except Exception as error:  # the hub's client raises errors of several HTTP libraries
        reason = error
    absent = f"model {name} is not on this machine and"
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on"):
        raise ModelError(f"{absent} HF_HUB_OFFLINE forbids to ask for it; {advice}") from reason
    if isinstance(reason, OSError) and reason.errno in _NO_ROOM:
        raise _for_now(
            f"model {name} cannot be kept in the hub's cache ({reason.strerror}); mend that, or "
            "set HF_HOME to a folder that can hold it"
        ) from reason
    said = f"{absent} the hub cannot be reached ({_cause(reason)}); {advice}"
    _out_of_reach[name] = (time.monotonic(), said)
    raise _for_now(said) from reason


def _for_now(message: str) -> ModelError:
    """A failure that a network, or room on the disk, mends by itself."""
    failure = ModelError(message)
    failure.may_pass = True
    return failure


def _cause(error: BaseException) -> str:
    """What lies at the bottom of the client's error, in one line."""
    while error.__cause__ is not None:
        error = error.__cause__
    return " ".join(str(error).split())[:100] or type(error).__name__
