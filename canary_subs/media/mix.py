"""All channels of a sound as one, so that nothing that is said gets lost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

# Dialogue is in the centre channel; the front pair stays audible for videos whose centre is silent.
# ffmpeg's own downmix differs between versions, this does not.
_DIALOGUE = {"FC": 0.7, "FL": 0.15, "FR": 0.15}

#: A mix this much weaker than its loudest channel, and weaker than this in itself (RMS, of 1), has
#: lost the sound: the channels cancel each other out, or the voice is where none should be.
_LOST_SHARE = 0.1
_LOST_LEVEL = 0.005


class Mixer:
    """Mixes clips of one track, all channels to one."""

    def __init__(self, names: Sequence[str]) -> None:
        """``names``: of the channels ("FL", "LFE"), as FFmpeg calls them."""
        self._names = tuple(names)
        self._weights = np.array(_weights(self._names), np.float32)
        #: The channels that were heard alone at times, since their mix was silent.
        self.alone: dict[str, None] = {}

    def mono(self, samples: Samples) -> Samples:
        """Mix samples (n, channels) to (n,); where the mix has lost the sound, another one."""
        mixed: Samples = samples @ self._weights
        if len(self._names) == 1:
            return mixed
        channels = np.sqrt(np.mean(np.square(samples), axis=0))
        # Of equally loud ones always the same, so that it does not change from clip to clip.
        loudest = int(np.argmax(channels >= 0.8 * channels.max()))
        if not _is_lost(mixed, float(channels[loudest])):
            return mixed
        self.alone[self._names[loudest] or f"{loudest}"] = None
        return samples[:, loudest].copy()


def _weights(names: Sequence[str]) -> list[float]:
    if len(names) > 2 and _DIALOGUE.keys() <= set(names):
        return [_DIALOGUE.get(name, 0.0) for name in names]
    heard = [name != "LFE" or len(names) == 1 for name in names]
    return [one / sum(heard) for one in heard]


def _is_lost(mixed: Samples, loudest: float) -> bool:
    level = float(np.sqrt(np.mean(np.square(mixed)))) if len(mixed) else 0.0
    return level < _LOST_LEVEL and level < loudest * _LOST_SHARE
