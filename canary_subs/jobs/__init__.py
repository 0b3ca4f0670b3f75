"""The daemon: watched folders, the job store, and the worker process that subtitles videos."""
