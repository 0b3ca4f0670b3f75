"""The store's tables, and how older stores become newer ones."""

from __future__ import annotations

#: Each step takes a store from the version that is its index to the next. Never edit a step that
#: was released: add one.
MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE jobs (
        id INTEGER PRIMARY KEY,
        path BLOB NOT NULL UNIQUE,         -- as the system names it, valid text or not
        root BLOB,                         -- the watched folder that it was found in
        fingerprint TEXT NOT NULL,
        next_fingerprint TEXT,             -- the file changed while it was worked on
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
        deaths INTEGER NOT NULL DEFAULT 0,        -- of the process that worked on it
        interruptions INTEGER NOT NULL DEFAULT 0, -- of the daemon while it was worked on
        retry_at REAL,                     -- UTC, seconds
        rule TEXT,                         -- the rule that skipped it
        reason TEXT,
        owner TEXT,                        -- the worker that holds it; set while it runs, only
        cancelling INTEGER NOT NULL DEFAULT 0,
        delivering INTEGER NOT NULL DEFAULT 0,    -- some results may be out already
        renewing INTEGER NOT NULL DEFAULT 0,      -- its old results shall be replaced
        queued_at REAL NOT NULL,
        started_at REAL,
        finished_at REAL,
        duration_ms INTEGER,
        plan TEXT,
        provenance TEXT,
        delivered TEXT,
        CHECK ((state = 'running') = (owner IS NOT NULL))
    );
    CREATE INDEX jobs_by_turn ON jobs (state, priority DESC, interruptions, deaths, id);
    CREATE INDEX jobs_by_fingerprint ON jobs (fingerprint);
    CREATE TABLE transitions (
        job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
        at REAL NOT NULL,
        was TEXT,
        became TEXT NOT NULL,
        reason TEXT
    );
    CREATE INDEX transitions_by_job ON transitions (job);
    CREATE TABLE scopes (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
    CREATE TABLE pieces (
        fingerprint TEXT NOT NULL,
        scope INTEGER NOT NULL REFERENCES scopes,
        start_ms INTEGER NOT NULL,
        end_ms INTEGER NOT NULL,
        language TEXT NOT NULL,
        utterance BLOB NOT NULL,
        kept_at REAL NOT NULL,
        PRIMARY KEY (fingerprint, scope, start_ms, end_ms, language)
    ) WITHOUT ROWID;
    CREATE TABLE outputs (
        path BLOB PRIMARY KEY,
        size_bytes INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE workers (
        owner TEXT PRIMARY KEY,
        beats INTEGER NOT NULL DEFAULT 0,
        started_at REAL NOT NULL,
        doing TEXT
    ) WITHOUT ROWID;
    CREATE TABLE speeds (
        work TEXT PRIMARY KEY,             -- engine, model, device, precision
        film_ms INTEGER NOT NULL,
        busy_ms INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE notes (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    """,
)
