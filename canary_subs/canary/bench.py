"""The engine beside NeMo's `transcribe()` and transformers' Canary: same weights, same sound.

Weights are random, in the exact sizes of a model, and every text runs to the same number of
tokens, so that all do the same work: nothing here says how well a model hears, only how fast.
Rivals are measured in turns, and the best of several turns counts: what else the machine does
then weighs on all of them alike.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from canary_subs.canary import align, precision
from canary_subs.canary.archive import Archive
from canary_subs.canary.engine import CanaryEngine, CanaryOptions
from canary_subs.canary.load import Loaded
from canary_subs.canary.models import BYTES_PER_PARAMETER, ModelCard
from canary_subs.canary.prompt import Prompter
from canary_subs.canary.random_models import SHAPES, Shape, build
from canary_subs.canary.session import CanarySession
from canary_subs.errors import UnknownName
from canary_subs.model import SAMPLE_RATE_HZ, AudioClip, Request, Timing

#: The languages of one and of four texts from a piece.
_LANGUAGES = {1: ("en",), 4: ("en", "de", "es", "fr")}

OURS, NEMO, TRANSFORMERS = "canary-subs", "NeMo", "transformers"


@dataclass(frozen=True, kw_only=True)
class Timed:
    """How long one program took for one stage, for so many languages; the best of the turns."""

    program: str
    #: "encode", "decode", "align" or "whole".
    stage: str
    languages: int
    seconds: float
    #: Device memory at its highest; None where the device does not tell.
    peak_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Report:
    """One benchmark: what ran where, and what came out."""

    architecture: str
    device: str
    precision: str
    pieces: int
    piece_s: float
    tokens: int
    turns: int
    #: Whether all programs wrote the same tokens; None in formats narrower than fp32.
    same_tokens: bool | None
    #: Floating-point operations a second that a large matrix product reaches on this device.
    matmul_flops: float
    #: Operations that the model needs for all pieces in one language.
    needed_flops: float
    timed: tuple[Timed, ...]

    @property
    def sound_s(self) -> float:
        """Seconds of sound in one run."""
        return self.pieces * self.piece_s

    def seconds(self, program: str, stage: str, languages: int) -> float | None:
        """The time of one cell; None where it was not measured."""
        for timed in self.timed:
            if (timed.program, timed.stage, timed.languages) == (program, stage, languages):
                return timed.seconds
        return None

    def ratio(self, rival: str, stage: str, languages: int) -> float | None:
        """How many times longer a rival took than the engine."""
        ours, theirs = (self.seconds(p, stage, languages) for p in (OURS, rival))
        return theirs / ours if ours and theirs else None

    def rtfx(self, program: str, languages: int) -> float | None:
        """Seconds of sound recognised a second, from end to end."""
        seconds = self.seconds(program, "whole", languages)
        return self.sound_s / seconds if seconds else None

    @property
    def roofline_share(self) -> float | None:
        """The share of the device's own matrix speed that one language's whole run reaches."""
        seconds = self.seconds(OURS, "whole", 1)
        return self.needed_flops / (self.matmul_flops * seconds) if seconds else None

    def library(self, hours: float, price: float, languages: int) -> tuple[float, float] | None:
        """Hours and money that hours of sound take, at a price for an hour of the machine."""
        speed = self.rtfx(OURS, languages)
        return (hours / speed, hours / speed * price) if speed else None

    def as_json(self) -> dict[str, Any]:
        """Plain values for a JSON file, derived figures included."""
        stages = sorted({(timed.stage, timed.languages) for timed in self.timed})
        return {
            **asdict(self),
            "ratios": {
                f"{rival} / {OURS}, {stage}, {languages}": self.ratio(rival, stage, languages)
                for rival in (NEMO, TRANSFORMERS)
                for stage, languages in stages
                if self.ratio(rival, stage, languages)
            },
            "rtfx": {str(n): self.rtfx(OURS, n) for n in _LANGUAGES},
            "roofline_share": self.roofline_share,
        }

    def table(self) -> str:
        """The report as a Markdown table, one row for each stage and number of languages."""
        lines = [
            f"{self.architecture} sizes, {self.pieces} x {self.piece_s:g} s, {self.tokens} tokens, "
            f"{self.device}, {self.precision}, best of {self.turns}",
            "",
            f"| stage | languages | {OURS} s | {NEMO} s | ratio | {TRANSFORMERS} s | ratio |",
            "|---|---|---|---|---|---|---|",
        ]
        for stage, languages in sorted({(t.stage, t.languages) for t in self.timed}):
            cells = [stage, str(languages), _number(self.seconds(OURS, stage, languages))]
            for rival in (NEMO, TRANSFORMERS):
                cells.append(_number(self.seconds(rival, stage, languages)))
                cells.append(_number(self.ratio(rival, stage, languages)))
            lines.append("| " + " | ".join(cells) + " |")
        speeds = ", ".join(f"{n}: {self.rtfx(OURS, n) or 0:,.1f}" for n in _LANGUAGES)
        lines += ["", f"Seconds of sound a second, by languages: {speeds}."]
        if self.roofline_share:
            lines.append(f"Share of the device's matrix speed: {self.roofline_share:.0%}.")
        return "\n".join(lines)


def run(
    architecture: str,
    *,
    pieces: int = 2,
    piece_s: float = 30.0,
    tokens: int = 100,
    turns: int = 2,
    device: str = "auto",
    precision_name: str = "auto",
    rivals: bool = True,
) -> Report:
    """Measure an architecture of `random_models.SHAPES`. Raises `UnknownName`, `DeviceTooSmall`."""
    session = endless(architecture, tokens, device=device, precision_name=precision_name)
    where, form = precision.device_of(device), session.precision
    shape = _capped(architecture, tokens)
    draw = np.random.default_rng(0)
    sounds = [
        (draw.standard_normal(int(piece_s * SAMPLE_RATE_HZ)) * 0.1).astype(np.float32)
        for _ in range(pieces)
    ]
    work = _our_work(session, sounds)
    written: dict[str, Any] = {OURS: _our_tokens(session, sounds)}
    if rivals:
        nemo = _endless(shape).to(torch.float32 if form == "fp32" else torch.bfloat16).to(where)
        encoded, mask = _nemo_encoded(nemo, sounds)
        work |= _nemo_work(nemo, sounds, encoded, mask)
        written[NEMO] = _nemo_tokens(nemo, encoded, mask)
        if shape.pre_norm:
            theirs = _transformers(nemo, shape).to(encoded.dtype).to(where)
            work |= _transformers_work(theirs, nemo, encoded, tokens)
            written[TRANSFORMERS] = _transformers_tokens(theirs, nemo, encoded, tokens)
        work |= _align_work(pieces, int(piece_s * 12.5), tokens, shape.vocabulary)
    same = None
    if form == "fp32" and rivals:
        same = all(tokens_of == written[OURS] for tokens_of in written.values())
    return Report(
        architecture=architecture,
        device=torch.cuda.get_device_name(where) if where.type == "cuda" else str(where),
        precision=form,
        pieces=pieces,
        piece_s=piece_s,
        tokens=tokens,
        turns=turns,
        same_tokens=same,
        matmul_flops=_matmul_flops(where, form),
        needed_flops=_needed_flops(session, sounds, tokens),
        timed=_measure(work, turns, where),
    )


def endless(
    architecture: str, tokens: int, *, device: str = "auto", precision_name: str = "auto"
) -> CanarySession:
    """A session of random weights whose texts all have so many tokens.

    Raises `UnknownName`, `DeviceTooSmall`.
    """
    shape = _capped(architecture, tokens)
    where = precision.device_of(device)
    card = _card(architecture, shape)
    form = precision.choose(precision_name, card, where)
    return _session(_endless(shape), card, where, form)


def _capped(architecture: str, tokens: int) -> Shape:
    """The shape of an architecture, with a cap of the decoder's length that ends every text."""
    if architecture not in SHAPES:
        raise UnknownName(f"no architecture {architecture!r}; there are {', '.join(SHAPES)}")
    shape = SHAPES[architecture]
    prompt = 5 if shape.prompt == "canary" else 9
    return replace(shape, max_length=prompt + tokens)


@dataclass(frozen=True, kw_only=True)
class FormatReport:
    """What a numeric format costs and saves on one model and some sound."""

    precision: str
    #: Bytes of the weights as they lie in memory.
    weights_bytes: int
    #: Highest device memory while recognising; None where the device does not tell.
    peak_bytes: int | None
    seconds: float
    #: Word errors against the texts of fp32, as a share of their words.
    changed: float


def compare_formats(
    model: str,
    pieces: Sequence[Request],
    *,
    device: str = "auto",
    formats: Sequence[str] = tuple(BYTES_PER_PARAMETER),
) -> list[FormatReport]:
    """Recognise the same pieces in each format; fp32 comes first and is the measure."""
    where = precision.device_of(device)
    reports: list[FormatReport] = []
    reference: list[str] = []
    for form in ("fp32", *(form for form in formats if form != "fp32")):
        session = CanaryEngine(CanaryOptions(model=model)).open(device, form)
        if where.type == "cuda":
            torch.cuda.reset_peak_memory_stats(where)
        start = time.perf_counter()
        found = session.recognise(pieces)
        seconds = time.perf_counter() - start
        words = [word.text for row in found for one in row for word in one.words]
        reference = reference or words
        reports.append(
            FormatReport(
                precision=form,
                weights_bytes=_weights_bytes(session),
                peak_bytes=torch.cuda.max_memory_allocated(where) if where.type == "cuda" else None,
                seconds=seconds,
                changed=_word_errors(reference, words) / max(1, len(reference)),
            )
        )
        session.close()
    return reports


def _weights_bytes(session: Any) -> int:
    """Bytes of all weights; a saved copy also holds those that torch packs out of sight."""
    whole = io.BytesIO()
    states = {**session.decoder.state_dict(prefix="decoder."), **session.hearing.state_dict()}
    for name, value in states.items():
        if isinstance(value, torch.Tensor) and value.is_mkldnn:  # cannot be saved as it is
            states[name] = value.to_dense()
    torch.save(states, whole)
    return whole.tell()


def _word_errors(reference: Sequence[str], words: Sequence[str]) -> int:
    """Words to insert, delete or replace to turn one text into the other."""
    row = list(range(len(words) + 1))
    for i, expected in enumerate(reference, 1):
        diagonal, row[0] = row[0], i
        for j, word in enumerate(words, 1):
            diagonal, row[j] = (
                row[j],
                min(row[j] + 1, row[j - 1] + 1, diagonal + (word != expected)),
            )
    return row[-1]


Key = tuple[str, str, int]


def _measure(
    work: dict[Key, Callable[[], Any]], turns: int, device: torch.device
) -> tuple[Timed, ...]:
    """Run every piece of work in turn, several times over, and keep each one's best."""
    best: dict[Key, tuple[float, int | None]] = {}
    # On a GPU the first rounds record graphs and warm up, and do not count.
    idle = 2 if device.type == "cuda" else 0
    for turn in range(idle + turns):
        for key, job in work.items():
            if device.type == "cuda":
                torch.cuda.synchronize(device)
                torch.cuda.reset_peak_memory_stats(device)
            start = time.perf_counter()
            job()
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            seconds = time.perf_counter() - start
            peak = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None
            if turn >= idle and (key not in best or seconds < best[key][0]):
                best[key] = (seconds, peak)
    return tuple(
        Timed(program=program, stage=stage, languages=n, seconds=seconds, peak_bytes=peak)
        for (program, stage, n), (seconds, peak) in best.items()
    )


def _endless(shape: Shape) -> Any:
    """A random model that never ends a text by itself, nor writes what its tokenizer lacks."""
    model = build(shape)
    bias = model.log_softmax.mlp.last_linear_layer.bias.data
    bias[model.tokenizer.eos] = bias[model.tokenizer.pad] = -1e4
    bias[model.tokenizer.vocab_size :] = -1e4
    return model


def _card(architecture: str, shape: Shape) -> ModelCard:
    return ModelCard(
        name=architecture,
        parameters=1_000_000_000 if "1b" in architecture else 182_000_000,
        licence="none",
        commercial=True,
        languages=tuple(sorted(shape.languages)),
        prompt=shape.prompt,
        timestamps=Timing.ATTENTION,
    )


def _session(model: Any, card: ModelCard, device: torch.device, form: str) -> CanarySession:
    archive = Archive(
        path=Path("random"),
        config={},
        ctc_config=None,
        weights_bytes=0,
        ctc_weights_bytes=0,
        fingerprint="random",
    )
    return CanarySession(Loaded(model=model, ctc=None, archive=archive), card, device, form)


def _our_work(
    session: CanarySession, sounds: Sequence[NDArray[np.float32]]
) -> dict[Key, Callable[[], Any]]:
    clips = [AudioClip(samples=sound, start_samples=0) for sound in sounds]
    work: dict[Key, Callable[[], Any]] = {
        (OURS, "encode", count): partial(session.hearing.encode, sounds) for count in _LANGUAGES
    }
    encoded, lengths = session.hearing.encode(sounds)
    for count, languages in _LANGUAGES.items():
        rows = [session.requests("en", languages, frames) for frames in lengths]
        pieces = [Request(clip=clip, source="en", targets=languages) for clip in clips]
        work[OURS, "decode", count] = partial(session.decoder.greedy, encoded, lengths, rows)
        work[OURS, "whole", count] = partial(session.recognise_once, pieces)
    return work


def _our_tokens(
    session: CanarySession, sounds: Sequence[NDArray[np.float32]]
) -> list[list[tuple[int, ...]]]:
    encoded, lengths = session.hearing.encode(sounds)
    rows = [session.requests("en", _LANGUAGES[4], frames) for frames in lengths]
    return [[text.tokens for text in row] for row in session.decoder.greedy(encoded, lengths, rows)]


@torch.inference_mode()
def _nemo_encoded(model: Any, sounds: Sequence[NDArray[np.float32]]) -> tuple[Any, Any]:
    batch = torch.from_numpy(np.stack(sounds)).to(model.device)
    lengths = torch.full((len(sounds),), batch.shape[1], device=model.device)
    _, _, encoded, mask = model(input_signal=batch, input_signal_length=lengths)
    return encoded, mask


def _nemo_work(
    model: Any, sounds: Sequence[NDArray[np.float32]], encoded: Any, mask: Any
) -> dict[Key, Callable[[], Any]]:
    decoding = model.cfg.decoding
    decoding.strategy = "greedy"
    model.change_decoding_strategy(decoding)
    work: dict[Key, Callable[[], Any]] = {}
    for count, languages in _LANGUAGES.items():

        def encode(languages: Sequence[str] = languages) -> None:
            for _ in languages:
                _nemo_encoded(model, sounds)

        def decode(languages: Sequence[str] = languages) -> None:
            for language in languages:
                _nemo_decoded(model, encoded, mask, language)

        def whole(languages: Sequence[str] = languages) -> None:
            for language in languages:
                model.transcribe(
                    audio=list(sounds),
                    batch_size=len(sounds),
                    verbose=False,
                    source_lang="en",
                    target_lang=language,
                    pnc="yes",
                    **({"task": "asr" if language == "en" else "ast"}),
                )

        work[NEMO, "encode", count] = encode
        work[NEMO, "decode", count] = decode
        work[NEMO, "whole", count] = whole
    return work


def _nemo_decoded(model: Any, encoded: Any, mask: Any, language: str) -> Any:
    prompt = Prompter(model).ids("en", language)
    ids = torch.tensor([prompt] * len(encoded), device=encoded.device)
    search = model.decoding.decoding.greedy_search
    return search(decoder_input_ids=ids, encoder_hidden_states=encoded, encoder_input_mask=mask)[0][
        :, len(prompt) :
    ]


def _nemo_tokens(model: Any, encoded: Any, mask: Any) -> list[list[tuple[int, ...]]]:
    by_language = [_nemo_decoded(model, encoded, mask, one).tolist() for one in _LANGUAGES[4]]
    return [list(map(tuple, row)) for row in zip(*by_language, strict=True)]


def _transformers(nemo: Any, shape: Shape) -> Any:
    """transformers' Canary with the decoder of NeMo's model, and no encoder to speak of."""
    from transformers import CanaryConfig, CanaryForConditionalGeneration

    stack = nemo.transf_decoder
    vocabulary = stack.embedding.token_embedding.num_embeddings
    config = CanaryConfig(
        encoder_config={
            "model_type": "parakeet_encoder",
            "num_hidden_layers": 1,
            "hidden_size": 64,
            "intermediate_size": 64,
            "num_attention_heads": 2,
        },
        decoder_config={
            "vocab_size": vocabulary,
            "hidden_size": shape.decoder_size,
            "intermediate_size": shape.decoder_inner,
            "num_hidden_layers": shape.decoder_layers,
            "num_attention_heads": shape.decoder_heads,
            "num_key_value_heads": shape.decoder_heads,
            "head_dim": shape.decoder_size // shape.decoder_heads,
            "max_position_embeddings": 1024,
        },
        vocab_size=vocabulary,
        pad_token_id=int(nemo.tokenizer.pad),
        eos_token_id=int(nemo.tokenizer.eos),
    )
    model = CanaryForConditionalGeneration(config).eval()
    decoder = model.model.decoder
    pairs = [
        (decoder.embed_tokens, stack.embedding.token_embedding),
        (decoder.embedding_layernorm, stack.embedding.layer_norm),
        (decoder.norm, stack.decoder.final_layer_norm),
    ]
    for theirs, ours in zip(decoder.layers, stack.decoder.layers, strict=True):
        pairs += [
            (theirs.input_layernorm, ours.layer_norm_1),
            (theirs.post_attention_layernorm, ours.layer_norm_2),
            (theirs.final_layernorm, ours.layer_norm_3),
            (theirs.mlp.fc1, ours.third_sub_layer.dense_in),
            (theirs.mlp.fc2, ours.third_sub_layer.dense_out),
        ]
        for attention, layer in (
            (theirs.self_attn, ours.first_sub_layer),
            (theirs.encoder_attn, ours.second_sub_layer),
        ):
            pairs += [
                (attention.q_proj, layer.query_net),
                (attention.k_proj, layer.key_net),
                (attention.v_proj, layer.value_net),
                (attention.o_proj, layer.out_projection),
            ]
    for target, source in pairs:
        target.load_state_dict(source.state_dict())
    # The same waves, but theirs stand in another order of columns.
    waves = stack.embedding.position_embedding.pos_enc
    decoder.pos_emb.positional_embedding = waves * shape.decoder_size**0.5
    head = nemo.log_softmax.mlp.last_linear_layer
    model.get_output_embeddings().load_state_dict(head.state_dict(), strict=False)
    if model.get_output_embeddings().bias is None:
        raise RuntimeError("transformers' Canary has lost the bias of its head")
    return model


def _transformers_decoded(model: Any, nemo: Any, encoded: Any, tokens: int, language: str) -> Any:
    from transformers.models.parakeet.modeling_parakeet import ParakeetEncoderModelOutput

    prompt = Prompter(nemo).ids("en", language)
    ids = torch.tensor([prompt] * len(encoded), device=encoded.device)
    found = model.generate(
        encoder_outputs=ParakeetEncoderModelOutput(last_hidden_state=encoded),
        decoder_input_ids=ids,
        max_new_tokens=tokens,
        do_sample=False,
        num_beams=1,
    )
    return found[:, len(prompt) :]


def _transformers_work(
    model: Any, nemo: Any, encoded: Any, tokens: int
) -> dict[Key, Callable[[], Any]]:
    def decode(languages: Sequence[str]) -> None:
        for language in languages:
            _transformers_decoded(model, nemo, encoded, tokens, language)

    return {
        (TRANSFORMERS, "decode", count): partial(decode, languages)
        for count, languages in _LANGUAGES.items()
    }


def _transformers_tokens(
    model: Any, nemo: Any, encoded: Any, tokens: int
) -> list[list[tuple[int, ...]]]:
    by_language = [
        _transformers_decoded(model, nemo, encoded, tokens, one).tolist() for one in _LANGUAGES[4]
    ]
    return [list(map(tuple, row)) for row in zip(*by_language, strict=True)]


def _align_work(
    pieces: int, frames: int, tokens: int, vocabulary: int
) -> dict[Key, Callable[[], Any]]:
    """CTC paths of texts through random scores, from scores to path; NeMo's on the same."""
    from nemo.collections.asr.parts.utils.aligner_utils import viterbi_decoding

    tokens = min(tokens, frames // 2)
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(pieces, frames, vocabulary + 1, generator=generator).log_softmax(-1)
    texts = torch.randint(0, vocabulary, (pieces, tokens), generator=generator)
    columns = torch.full((pieces, 2 * tokens + 1), vocabulary)
    columns[:, 1::2] = texts
    plain = columns.numpy()

    def ours() -> list[NDArray[np.int32]]:
        emissions = [scores[i].numpy()[:, plain[i]] for i in range(pieces)]
        return align.best_paths(emissions, [align.may_skip(row) for row in plain])

    def nemo() -> Any:
        return viterbi_decoding(
            scores,
            columns,
            torch.full((pieces,), frames),
            torch.full((pieces,), columns.shape[1]),
            torch.device("cpu"),
        )

    return {(OURS, "align", 1): ours, (NEMO, "align", 1): nemo}


def _matmul_flops(device: torch.device, form: str) -> float:
    """Operations a second of a large matrix product in the format that the model computes in."""
    size = 8192 if device.type == "cuda" else 1024
    dtype = torch.float32 if device.type == "cpu" or form == "fp32" else torch.bfloat16
    left = torch.randn(size, size, device=device, dtype=dtype)
    best = float("inf")
    for _ in range(4):
        start = time.perf_counter()
        left @ left
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        best = min(best, time.perf_counter() - start)
    return float(2 * size**3 / best)


def _needed_flops(
    session: CanarySession, sounds: Sequence[NDArray[np.float32]], tokens: int
) -> float:
    """Two operations for each weight and frame or token that passes it; attention is left out."""
    frames = sum(len(sound) for sound in sounds) / SAMPLE_RATE_HZ * 1000 / session.frame_ms
    hearing = sum(p.numel() for p in session.hearing.parameters())
    writing = sum(p.numel() for p in session.decoder.parameters())
    return 2.0 * (hearing * frames + writing * tokens * len(sounds))


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
