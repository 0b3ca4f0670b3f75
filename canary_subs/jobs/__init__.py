"""Work that outlives its process: watching folders, the queue, and those who work on it."""
