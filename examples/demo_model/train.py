"""Train the demonstration model from nothing: python -m examples.demo_model.train.

Needs espeak-ng, and about 80 minutes on two cores. Synthesises the corpus, trains the Canary and
the aligner's head together, packs both into demo.nemo. Goes on where it was stopped.

One process a core, each with a thread of its own and half of every batch: the operations of so
small a model are too short to be worth sharing between threads.
"""

from __future__ import annotations

import argparse
import ctypes
import math
import multiprocessing
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from typing import Any

import numpy as np
import torch
from torch import Tensor, distributed, nn
from torch.nn import functional

from canary_subs.demo import MODEL_PATH
from examples.demo_model import vocabulary
from examples.demo_model.batches import Batch, Rows, stream
from examples.demo_model.corpus import training_corpus
from examples.demo_model.example import UNKNOWN
from examples.demo_model.network import WIDTH, new_aligner, new_canary, pack

PEAK_RATE = 1.5e-3
FINAL_RATE = 2e-5
WARM_UP_STEPS = 150
AVERAGE_DECAY = 0.998
SECONDS_A_BATCH = 75.0  # in each process
PROCESSES = 2
UTTERANCES_A_LANGUAGE = 7200


class Training:
    """The models in training, their averaged weights, and how far they are."""

    def __init__(self, folder: Path, minutes: float) -> None:
        self.folder = folder
        self.budget_s = 60 * minutes
        tokenizer = folder / "tokenizer"
        torch.manual_seed(1)
        self.processor = vocabulary.load(tokenizer)
        self.canary: Any = new_canary(tokenizer)
        self.canary.train()
        # Else every forward pass is a meeting of all processes, and only the first one evaluates.
        self.canary.encoder.sync_max_audio_length = False
        self.attention: list[Tensor] = []
        for layer in self.canary.transf_decoder._decoder.layers:
            layer.second_sub_layer.register_forward_hook(self._keep_attention)
        # The aligner's head: text tokens, then the blank. Special tokens are never spoken.
        first = len(vocabulary.SPECIAL_TOKENS) + 1
        self.columns = torch.arange(first, self.processor.get_piece_size())
        self.blank = self.processor.get_piece_size()
        self.head = nn.Linear(WIDTH, len(self.columns) + 1)
        self.modules = nn.ModuleList([self.canary, self.head])
        self.parameters = [p for p in self.modules.parameters() if p.requires_grad]
        self.average = [p.detach().clone() for p in self.parameters]
        decayed = [p for p in self.parameters if p.dim() > 1]
        plain = [p for p in self.parameters if p.dim() <= 1]
        self.optimiser = torch.optim.AdamW(
            [{"params": decayed, "weight_decay": 1e-2}, {"params": plain, "weight_decay": 0.0}],
            lr=PEAK_RATE,
            betas=(0.9, 0.98),
            fused=True,
        )
        self.step = 0
        self.elapsed_s = 0.0
        self.agreed_s = 0.0  # the same in all processes

    def _keep_attention(self, module: nn.Module, _inputs: Any, outputs: Any) -> None:
        if module.training:
            self.attention.append(outputs[1]["xatt_scores"])

    @property
    def progress(self) -> float:
        """The share of the training that is done."""
        return min(1.0, self.elapsed_s / self.budget_s)

    def rate(self) -> float:
        """The learning rate: warm-up, then half a cosine."""
        fall = 0.5 * (1 + math.cos(math.pi * self.progress))
        return min(1.0, (self.step + 1) / WARM_UP_STEPS) * (
            FINAL_RATE + (PEAK_RATE - FINAL_RATE) * fall
        )

    def losses(self, batch: Batch, amp: bool) -> tuple[Tensor, Tensor, Tensor]:
        """(cross-entropy of the encoder's frames, of the answers, misplaced attention)."""
        canary = self.canary
        with torch.no_grad():
            audio = torch.from_numpy(batch.audio).float() / 32768
            features, lengths = canary.preprocessor(
                input_signal=audio, length=torch.from_numpy(batch.lengths)
            )
        with torch.autocast("cpu", torch.bfloat16, enabled=amp):
            encoded, encoded_lengths = canary.encoder(audio_signal=features, length=lengths)
            states = encoded.transpose(1, 2)
            labels = torch.from_numpy(batch.frames)[:, : states.shape[1]]
            labels = functional.pad(labels, (0, states.shape[1] - labels.shape[1]), value=UNKNOWN)
            there = torch.arange(states.shape[1]) < encoded_lengths[:, None]
            known = there & (labels != UNKNOWN)
            spoken = torch.where(
                labels == self.blank, len(self.columns), labels - int(self.columns[0])
            )
            frame_loss = functional.cross_entropy(self.head(states[known]).float(), spoken[known])
            written, placed, count = torch.zeros(()), torch.zeros(()), 0
            for rows in batch.groups:
                losses = self._answer_losses(states, there, rows)
                written, placed, count = written + losses[0], placed + losses[1], count + losses[2]
        return frame_loss, written / max(1, count), placed / max(1, count)

    def _answer_losses(
        self, states: Tensor, there: Tensor, rows: Rows
    ) -> tuple[Tensor, Tensor, int]:
        canary = self.canary
        ids, examples = torch.from_numpy(rows.tokens), torch.from_numpy(rows.examples)
        pad = self.processor.piece_to_id("<pad>")
        self.attention.clear()
        decoded = canary.transf_decoder(
            input_ids=ids[:, :-1],
            decoder_mask=(ids[:, :-1] != pad).float(),
            encoder_embeddings=states[examples],
            encoder_mask=there[examples].float(),
        )
        place = torch.arange(ids.shape[1] - 1)
        wanted = (place >= torch.from_numpy(rows.prompts)[:, None] - 1) & (ids[:, 1:] != pad)
        logits = canary.log_softmax.mlp(decoded[wanted])
        loss = functional.nll_loss(logits.float(), ids[:, 1:][wanted], reduction="sum")
        places = torch.from_numpy(rows.places).clamp(max=states.shape[1])
        # The first layer finds the word that was just written, the others the one to write next.
        looked = [
            _misplaced(attention, places[:, int(layer > 0) :][:, : ids.shape[1] - 1])
            for layer, attention in enumerate(self.attention)
        ]
        return loss, torch.stack(looked).mean(), int(wanted.sum())

    def learn(self, batch: Batch, amp: bool) -> tuple[float, float, float]:
        """One step; returns the losses."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate()
        if self.progress > 0.5:  # by then it is too little learned, not too much, that errs
            for module in self.canary.transf_decoder.modules():
                if isinstance(module, nn.Dropout):
                    module.p = 0.0
        frame_loss, answer_loss, place_loss = self.losses(batch, amp)
        weight = 1.0 if self.progress < 0.3 else 0.5
        (weight * frame_loss + answer_loss + 0.5 * place_loss).backward()  # type: ignore[no-untyped-call]
        self._share()
        nn.utils.clip_grad_norm_(self.parameters, 1.0, foreach=True)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.step += 1
        decay = min(AVERAGE_DECAY, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(self.average, [p.detach() for p in self.parameters], 1 - decay)
        return frame_loss.item(), answer_loss.item(), place_loss.item()

    def _share(self) -> None:
        """Average the gradients over the processes, and have all read the first one's clock."""
        clock = self.elapsed_s if distributed.get_rank() == 0 else 0.0
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        flat = torch.cat([*(g.reshape(-1) for g in gradients), torch.tensor([clock])])
        distributed.all_reduce(flat)
        self.elapsed_s = self.agreed_s = float(flat[-1])
        parts = torch.split(
            flat[:-1] / distributed.get_world_size(), [g.numel() for g in gradients]
        )
        torch._foreach_copy_(
            gradients, [part.view_as(g) for part, g in zip(parts, gradients, strict=True)]
        )

    def swap(self) -> None:
        """Exchange the weights with their average."""
        with torch.no_grad():
            for parameter, mean in zip(self.parameters, self.average, strict=True):
                kept = parameter.detach().clone()
                parameter.copy_(mean)
                mean.copy_(kept)

    def save(self) -> None:
        """Write a checkpoint; never half of one."""
        partial = self.folder / "checkpoint.partial"
        torch.save(
            {
                "modules": self.modules.state_dict(),
                "average": self.average,
                "optimiser": self.optimiser.state_dict(),
                "step": self.step,
                "elapsed_s": self.elapsed_s,
            },
            partial,
        )
        partial.replace(self.folder / "checkpoint.pt")

    def load(self) -> bool:
        """Continue from the last checkpoint; False if there is none."""
        path = self.folder / "checkpoint.pt"
        if not path.exists():
            return False
        state = torch.load(path, map_location="cpu", weights_only=True)
        self.modules.load_state_dict(state["modules"])
        for mean, saved in zip(self.average, state["average"], strict=True):
            mean.copy_(saved)
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.elapsed_s = state["step"], state["elapsed_s"]
        return True

    def pack(self, path: Path) -> None:
        """Write demo.nemo from the averaged weights."""
        self.swap()
        try:
            aligner = new_aligner(self.folder / "tokenizer", self.canary, self.head, self.columns)
            pack(self.canary, aligner, path)
        finally:
            self.swap()


def _batches(rank: int, step: int, folder: Path, blank: int, progress: Any, out: Any) -> None:
    """A process of its own that makes batches ahead of a trainer."""
    torch.set_num_threads(1)
    os.nice(4)
    processor = vocabulary.load(folder / "tokenizer")
    corpus = training_corpus(folder / "corpus", UTTERANCES_A_LANGUAGE)
    for batch in stream(rank, step, corpus, processor, blank, progress, SECONDS_A_BATCH):
        out.put(batch)


def _ahead(training: Training, rank: int) -> tuple[Iterator[Batch], Any]:
    """Batches from another process, and the shared number of its progress."""
    context = multiprocessing.get_context("spawn")
    progress = context.Value("d", training.progress)
    queue = context.Queue(maxsize=4)
    arguments = (rank, training.step, training.folder, training.blank, progress, queue)
    context.Process(target=_batches, args=arguments, daemon=True).start()
    # A thread unpickles, so that the trainer never waits for a pipe.
    ready: Queue[Batch] = Queue(maxsize=2)

    def forward() -> None:
        while True:
            ready.put(queue.get())

    threading.Thread(target=forward, daemon=True).start()
    return iter(ready.get, None), progress


def _train(rank: int, port: int, options: argparse.Namespace) -> None:
    """One process of the training. The first one also talks, saves and packs."""
    torch.set_num_threads(1)
    _keep_memory()
    distributed.init_process_group(
        "gloo", f"tcp://127.0.0.1:{port}", rank=rank, world_size=PROCESSES
    )
    training = Training(options.folder, options.minutes)
    resuming = training.load()
    if rank == 0:
        count = sum(p.numel() for p in training.canary.parameters())
        _say(
            f"{count / 1e6:.2f} M parameters; "
            f"{'resuming' if resuming else 'starting'} at {training.elapsed_s:.0f} s"
        )
    batches, progress = _ahead(training, rank)
    packed_s = training.elapsed_s
    seen_s, means, shown = 0.0, np.zeros(3), time.monotonic()
    while training.agreed_s < training.budget_s:
        begun = time.monotonic()
        batch = next(batches)
        losses = training.learn(batch, options.amp)
        training.elapsed_s += time.monotonic() - begun
        progress.value = training.progress
        if rank:
            continue
        seen_s += PROCESSES * float(np.sum(batch.lengths)) / 16_000
        means += np.array(losses) / 50
        if training.step % 50 == 0:
            took = time.monotonic() - shown
            _say(
                f"step {training.step} at {training.elapsed_s / 60:.1f} min, "
                f"rate {training.rate():.1e}, frames {means[0]:.3f}, "
                f"answers {means[1]:.4f}, places {means[2]:.3f}, "
                f"{took / 50:.2f} s a step, {seen_s / took:.0f} x real time"
            )
            seen_s, means, shown = 0.0, np.zeros(3), time.monotonic()
        if training.elapsed_s - packed_s > 60 * options.pack_every:
            packed_s = training.elapsed_s
            training.save()
            training.pack(options.out)
            _report(training)
    if rank == 0:
        training.save()
        training.pack(options.out)
        _say(f"done: {options.out}, {options.out.stat().st_size / 1e6:.1f} MB")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--folder", type=Path, default=Path("build/model"), help="corpus, checkpoints and log"
    )
    parser.add_argument("--minutes", type=float, default=80)
    parser.add_argument("--out", type=Path, default=MODEL_PATH)
    parser.add_argument("--pack-every", type=float, default=10, metavar="MINUTES")
    parser.add_argument(
        "--amp",
        action=argparse.BooleanOptionalAction,
        default=bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()),
        help="compute in bfloat16 (where the processor has it)",
    )
    options = parser.parse_args()

    training_corpus(options.folder / "corpus", UTTERANCES_A_LANGUAGE)
    if not (options.folder / "tokenizer" / "vocab.txt").exists():
        vocabulary.build(options.folder / "tokenizer")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    others = [
        context.Process(target=_train, args=(rank, port, options)) for rank in range(1, PROCESSES)
    ]
    for other in others:
        other.start()
    _train(0, port, options)
    for other in others:
        other.join()


def _keep_memory() -> None:
    """Have malloc keep what is freed: returning it to the system each step costs much time."""
    libc = ctypes.CDLL(None)
    libc.mallopt(-1, 2_000_000_000)  # M_TRIM_THRESHOLD
    libc.mallopt(-3, 33_554_432)  # M_MMAP_THRESHOLD


def _misplaced(attention: Tensor, places: Tensor) -> Tensor:
    """How little two heads of a layer look where the tokens come from: the sum over tokens.

    attention: (rows, heads, tokens, frames). places: (rows, tokens, 2); empty ones do not count.
    """
    so_far = functional.pad(attention[:, :2].float().cumsum(-1), (1, 0))
    edges = so_far.gather(-1, places[:, None].expand(-1, 2, -1, -1))
    seen = edges[..., 1] - edges[..., 0]
    counted = (places[..., 1] > places[..., 0])[:, None]
    return -(torch.log(seen.clamp(min=0) + 1e-4) * counted).sum() / 2


def _report(training: Training) -> None:
    """Print how the averaged weights do on a few held-out examples."""
    from examples.demo_model.evaluate import glance

    training.swap()
    training.canary.eval()
    _say(glance(training.canary, training.head, training.columns, training.blank))
    training.canary.train()
    training.swap()


def _say(text: str) -> None:
    print(time.strftime("%H:%M:%S"), text, flush=True)


if __name__ == "__main__":
    main()
