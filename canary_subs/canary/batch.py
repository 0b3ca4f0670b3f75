"""Batches of items of like length, and smaller ones when memory runs out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from canary_subs.errors import DeviceTooSmall

Item = TypeVar("Item")
Result = TypeVar("Result")

#: More items than this in a batch gain no speed and delay the others.
_MAX_ITEMS = 128


class Batcher:
    """Runs items in batches of like length, as many seconds at a time as fit in memory."""

    def __init__(self, budget_s: float, recover: Callable[[], None] = lambda: None) -> None:
        #: Padded seconds of audio in one batch, counted once for each text.
        self.budget_s = budget_s
        self._recover = recover

    def run(
        self,
        items: Sequence[Item],
        cost_s: Callable[[Item], float],
        work: Callable[[list[Item]], list[Result]],
    ) -> list[Result]:
        """The result of ``work`` for each item, in the order of the items.

        When memory runs out, the budget is halved for good and the batch is tried again in
        parts. Raises `DeviceTooSmall` where one item alone does not fit.
        """
        results: dict[int, Result] = {}
        waiting = sorted(range(len(items)), key=lambda i: -cost_s(items[i]))
        while waiting:
            size = self._size(cost_s(items[waiting[0]]))
            batch = waiting[:size]
            try:
                done = work([items[i] for i in batch])
            except Exception as error:
                if not out_of_memory(error):
                    raise
                if len(batch) == 1:
                    raise DeviceTooSmall(
                        "the device has not enough memory for a single segment; close what "
                        "else uses it, or use --precision int8, a smaller model, or --device cpu"
                    ) from error
                self.budget_s = cost_s(items[batch[0]]) * (len(batch) // 2)
            else:
                results.update(zip(batch, done, strict=True))
                del waiting[: len(batch)]
                continue
            # Outside of the handler, which keeps the failed batch alive through its traceback.
            self._recover()
        return [results[i] for i in range(len(items))]

    def _size(self, longest_s: float) -> int:
        return max(1, min(_MAX_ITEMS, int(self.budget_s / max(longest_s, 0.1))))


def out_of_memory(error: Exception) -> bool:
    """Whether an error means that memory ran out, on a GPU or off it."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    text = str(error)
    return isinstance(error, RuntimeError) and (
        "can't allocate memory" in text
        or "CUDA out of memory" in text
        or "CUBLAS_STATUS_ALLOC" in text
    )
