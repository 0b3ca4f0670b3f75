"""The tables of the job store, and the steps that bring an older store to the newest version."""

from __future__ import annotations

#: Stores of this version and older are refused: nothing migrates them.
UNSUPPORTED_VERSION = 1

#: Step n brings a store from version `UNSUPPORTED_VERSION` + n to the next; the first one makes a
#: new store. Never edit a step that was released: add another.
MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE jobs (
        id INTEGER PRIMARY KEY,
        path BLOB NOT NULL UNIQUE,         -- the file system's bytes, valid UTF-8 or not
        root BLOB,                         -- the watched folder that contains it
        fingerprint TEXT NOT NULL,
        next_fingerprint TEXT,             -- set when the file changes while the job is running
        size_bytes INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        inode INTEGER NOT NULL,
        state TEXT NOT NULL CHECK (
            state IN ('queued', 'running', 'done', 'skipped', 'failed', 'cancelled')
        ),
        stage TEXT,
        progress REAL NOT NULL DEFAULT 0,
        priority INTEGER NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL DEFAULT 0,
        crashes INTEGER NOT NULL DEFAULT 0,       -- of the worker process during this job
        interruptions INTEGER NOT NULL DEFAULT 0, -- of the daemon during this job
        retry_at REAL,                     -- UTC, seconds
        rule TEXT,                         -- the rule that skipped it
        reason TEXT,
        owner TEXT,                        -- the worker that holds it; only while running
        cancel_requested INTEGER NOT NULL DEFAULT 0,
        delivery_began INTEGER NOT NULL DEFAULT 0, -- some results may exist already
        redo INTEGER NOT NULL DEFAULT 0,          -- existing results are to be replaced
        queued_at REAL NOT NULL,
        started_at REAL,
        finished_at REAL,
        duration_ms INTEGER,
        plan TEXT,
        provenance TEXT,
        delivered TEXT,
        CHECK ((state = 'running') = (owner IS NOT NULL))
    );
    CREATE INDEX jobs_in_order ON jobs (state, priority DESC, interruptions, crashes, id);
    CREATE INDEX jobs_by_fingerprint ON jobs (fingerprint);
    CREATE TABLE transitions (
        job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
        at REAL NOT NULL,
        was TEXT,
        became TEXT NOT NULL,
        reason TEXT
    );
    CREATE INDEX transitions_by_job ON transitions (job);
    -- Changes that no plugin has been notified of yet; a daemon deletes them as it notifies.
    CREATE TABLE changes (
        number INTEGER PRIMARY KEY,
        job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
        state TEXT NOT NULL,
        stage TEXT,
        progress REAL NOT NULL,
        attempts INTEGER NOT NULL,
        retry_at REAL,
        reason TEXT
    );
    CREATE INDEX changes_by_job ON changes (job);
    CREATE TABLE scopes (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
    CREATE TABLE segments (
        fingerprint TEXT NOT NULL,
        scope INTEGER NOT NULL REFERENCES scopes,
        start_ms INTEGER NOT NULL,
        end_ms INTEGER NOT NULL,
        transcript TEXT NOT NULL,          -- its language, "en.forced" for a forced one
        utterance BLOB NOT NULL,
        stored_at REAL NOT NULL,
        PRIMARY KEY (fingerprint, scope, start_ms, end_ms, transcript)
    ) WITHOUT ROWID;
    CREATE TABLE results (
        path BLOB PRIMARY KEY,
        size_bytes INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE workers (
        owner TEXT PRIMARY KEY,
        heartbeats INTEGER NOT NULL DEFAULT 0,
        started_at REAL NOT NULL,
        status TEXT
    ) WITHOUT ROWID;
    CREATE TABLE speeds (
        workload TEXT PRIMARY KEY,         -- engine, model, device, precision
        video_ms INTEGER NOT NULL,
        work_ms INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE flags (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    """,
    """
    ALTER TABLE jobs ADD COLUMN warnings TEXT;  -- what a person should know of the result
    """,
)
