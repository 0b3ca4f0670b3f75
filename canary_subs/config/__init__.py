"""Configuration: every key, the layers that set it, and the plan that a video gets from it."""
