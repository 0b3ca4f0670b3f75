"""The model's one BPE: canary-1b-v2's special tokens, frame tokens, subwords of four languages."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

from examples.demo_model.grammar import LANGUAGES, draw

#: Frame tokens reach this far: 32 s in frames of 80 ms.
FRAMES = 400
SIZE = 1792

SPECIAL_TOKENS = (
    "<|nospeech|>",
    "<pad>",
    "<|endoftext|>",
    "<|startoftranscript|>",
    "<|pnc|>",
    "<|nopnc|>",
    "<|startofcontext|>",
    "<|itn|>",
    "<|noitn|>",
    "<|timestamp|>",
    "<|notimestamp|>",
    "<|diarize|>",
    "<|nodiarize|>",
    "<|spkchange|>",
    "<|audioseparator|>",
    "<|emo:undefined|>",
    "<|emo:neutral|>",
    "<|emo:happy|>",
    "<|emo:sad|>",
    "<|emo:angry|>",
    "<|unklang|>",
    *(f"<|{language}|>" for language in LANGUAGES),
    *(f"<|{frame}|>" for frame in range(FRAMES)),
)

_LETTERS = (
    "abcdefghijklmnopqrstuvwxyzäöüßàâæçéèêëîïôœùûÿáíñóú"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÜÀÂÇÉÈÊÎÔŒÁÍÑÓÚ0123456789'-.,?!¿¡"
)


def without_punctuation(text: str) -> str:
    """A transcript as the model writes it when asked for no punctuation and no capitals."""
    return " ".join(text.lower().translate(str.maketrans("", "", ".,?¿")).split())


def build(folder: Path) -> None:
    """Train the BPE on training sentences; write tokenizer.model, tokenizer.vocab and vocab.txt."""
    import sentencepiece

    folder.mkdir(parents=True, exist_ok=True)
    lines: list[str] = []
    for index, sentence in enumerate(itertools.islice(draw(17, held_out=False), 12_000)):
        lines.extend(sentence.texts)
        if index % 6 == 0:
            lines.extend(map(without_punctuation, sentence.texts))
    text = folder / "text.txt"
    text.write_text("\n".join(lines), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(text),
        model_prefix=str(folder / "tokenizer"),
        model_type="bpe",
        vocab_size=SIZE,
        character_coverage=1.0,
        required_chars=_LETTERS,
        user_defined_symbols=",".join(SPECIAL_TOKENS),
        # Sentences are written in NFC; the table for other forms would weigh 240 kB.
        normalization_rule_name="identity",
        bos_id=-1,
        eos_id=-1,
        num_threads=2,
        minloglevel=2,
    )
    text.unlink()
    _forget_paths(folder / "tokenizer.model")
    processor = load(folder)
    tokens = [processor.id_to_piece(index) for index in range(processor.get_piece_size())]
    (folder / "vocab.txt").write_text("\n".join(tokens) + "\n", encoding="utf-8")


def _forget_paths(path: Path) -> None:
    """Take out where the trainer read and wrote: it would describe the machine that it ran on."""
    from sentencepiece import sentencepiece_model_pb2

    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString(path.read_bytes())
    del model.trainer_spec.input[:]
    model.trainer_spec.ClearField("model_prefix")
    path.write_bytes(model.SerializeToString())


def load(folder: Path) -> Any:
    """The SentencePiece processor of a folder that `build` wrote."""
    import sentencepiece

    return sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
