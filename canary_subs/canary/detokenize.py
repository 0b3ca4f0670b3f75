"""From token ids to words: which tokens make a word, and how sure the model was of it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_SPECIAL = re.compile(r"<\|.*\|>|<pad>|<unk>|<s>|</s>")
_FRAME = re.compile(r"<\|(\d+)\|>")


@dataclass(frozen=True, kw_only=True)
class Detokenized:
    """The words of a text, and which token belongs to which."""

    words: tuple[str, ...] = ()
    #: For each token, the index of its word; None where it spells nothing.
    owners: tuple[int | None, ...] = ()

    @property
    def text(self) -> str:
        return " ".join(self.words)

    def confidences(self, log_probs: Sequence[float]) -> tuple[float | None, ...]:
        """For each word, the geometric mean of its tokens' probabilities; None without tokens."""
        sums, counts = [0.0] * len(self.words), [0] * len(self.words)
        for owner, log_prob in zip(self.owners, log_probs, strict=True):
            if owner is not None:
                sums[owner] += log_prob
                counts[owner] += 1
        return tuple(
            min(1.0, math.exp(total / count)) if count else None
            for total, count in zip(sums, counts, strict=True)
        )


class Detokenizer:
    """Turns the tokens of one tokenizer into words."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._vocabulary: list[str] = list(tokenizer.vocab)
        self._silent = {i for i, t in enumerate(self._vocabulary) if _SPECIAL.fullmatch(t)}

    def detokenize(self, tokens: Sequence[int]) -> Detokenized:
        """The words of a text; special and unknown tokens spell nothing."""
        spelling = [at for at, token in enumerate(tokens) if self._spells(token)]
        words = tuple(str(self._tokenizer.ids_to_text([tokens[at] for at in spelling])).split())
        owners: list[int | None] = [None] * len(tokens)
        strings = [self._vocabulary[tokens[at]].replace("▁", " ") for at in spelling]
        plain = tuple("".join(strings).split())
        letters = [len(word) for word in words]
        ends = [sum(letters[: index + 1]) for index in range(len(words))]
        # Byte tokens are longer than what they spell; their text is shared by length instead.
        scale = 1.0 if plain == words else sum(letters) / max(1, sum(map(len, plain)))
        passed, word = 0.0, 0
        for at, string in zip(spelling, strings, strict=True):
            size = len(string.replace(" ", "")) * scale
            while word < len(words) - 1 and passed + size / 2 >= ends[word]:
                word += 1
            if words:
                owners[at] = word
            passed += size
        return Detokenized(words=words, owners=tuple(owners))

    def framed_words(self, tokens: Sequence[int]) -> list[tuple[str, int, int]]:
        """Words between frame tokens, with the frames before and after them.

        Where a frame token is missing, the next one takes its place.
        """
        found: list[tuple[str, int, int]] = []
        start: int | None = None
        pending: list[int] = []
        for token in tokens:
            known = token < len(self._vocabulary)
            match = _FRAME.fullmatch(self._vocabulary[token]) if known else None
            if match is None:
                pending.append(token)
                continue
            frame = int(match[1])
            if start is not None:
                words = self.detokenize(pending).words
                for index, word in enumerate(words):
                    step = (frame - start) / len(words)
                    found.append(
                        (word, round(start + index * step), round(start + index * step + step))
                    )
            start, pending = frame, []
        return found

    def _spells(self, token: int) -> bool:
        return token < len(self._vocabulary) and token not in self._silent
