"""What one can do with subtitle files besides making them: check, align, relayout, review."""
