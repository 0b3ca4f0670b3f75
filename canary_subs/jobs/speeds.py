"""How fast each kind of work goes, as measured."""

from __future__ import annotations

from canary_subs.jobs.database import Database


class Speeds:
    """Measured speeds: one part of the `Store`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, workload: str, video_ms: int, work_ms: int) -> None:
        """Add a measurement: playing time of the video, and time spent on it."""
        with self._database.writing() as connection:
            # Old measurements fade, so that a new graphics card shows within a few videos.
            connection.execute(
                "INSERT INTO speeds VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET "
                "video_ms = video_ms * 0.9 + excluded.video_ms, "
                "work_ms = work_ms * 0.9 + excluded.work_ms",
                (workload, video_ms, max(work_ms, 1)),
            )

    def of(self, workload: str) -> float | None:
        """Return playing time per working time; None before the first video."""
        rows = self._database.query(
            "SELECT video_ms, work_ms FROM speeds WHERE workload = ?", (workload,)
        )
        return rows[0]["video_ms"] / rows[0]["work_ms"] if rows and rows[0]["video_ms"] else None
