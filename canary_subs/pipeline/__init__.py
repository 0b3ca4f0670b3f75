"""The pipeline: from a video file to its subtitle tracks."""
