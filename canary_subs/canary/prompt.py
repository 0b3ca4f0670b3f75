"""The prompt: the tokens before the text that ask for languages, punctuation and times.

The ids come from NeMo's own prompt formatter, so that they are those of the training, whatever
the tokenizer.
"""

from __future__ import annotations

from typing import Any

from canary_subs.errors import UnsupportedPair
from canary_subs.model import primary


class Prompter:
    """Makes and caches the prompts of one model."""

    def __init__(self, model: Any) -> None:
        self._formatter = model.prompt
        self._made: dict[tuple[str, str, bool, bool], tuple[int, ...]] = {}

    def ids(
        self, spoken: str, target: str, *, punctuation: bool = True, times: bool = False
    ) -> tuple[int, ...]:
        """Token ids of the prompt; ``times`` asks for frame tokens around words.

        Raises `UnsupportedPair` for a language without a token and for times where the format
        has none.
        """
        key = (primary(spoken), primary(target), punctuation, times)
        if key not in self._made:
            self._made[key] = self._make(*key)
        return self._made[key]

    def _make(self, spoken: str, target: str, punctuation: bool, times: bool) -> tuple[int, ...]:
        slots = {
            "source_lang": f"<|{spoken}|>",
            "target_lang": f"<|{target}|>",
            "pnc": "<|pnc|>" if punctuation else "<|nopnc|>",
            "prompt_language": "spl_tokens",
        }
        if self._formatter.NAME == "canary":
            if times:
                raise UnsupportedPair("this model's prompt cannot ask for times")
            slots["task"] = "<|transcribe|>" if spoken == target else "<|translate|>"
        else:
            slots["decodercontext"] = ""
            slots["emotion"] = "<|emo:undefined|>"
            slots["itn"] = "<|noitn|>"
            slots["timestamp"] = "<|timestamp|>" if times else "<|notimestamp|>"
            slots["diarize"] = "<|nodiarize|>"
        for slot in ("source_lang", "target_lang"):
            if special_id(self._formatter.tokenizer, slots[slot]) is None:
                raise UnsupportedPair(f"this model has no token for the language {slots[slot]}")
        turns = [{"role": "user", "slots": slots}]
        ids = self._formatter.encode_dialog(turns=turns)["context_ids"]
        return tuple(int(i) for i in ids)


def special_id(tokenizer: Any, token: str) -> int | None:
    """The id of a special token such as ``<|en|>``; None where the tokenizer has none."""
    special = getattr(tokenizer, "special_tokens", None)
    if special is not None:
        found = special.get(token)
        return None if found is None else int(found)
    found = int(tokenizer.token_to_id(token))
    return found if tokenizer.ids_to_tokens([found]) == [token] else None
