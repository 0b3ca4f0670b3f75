"""Plugins: the hooks they answer, how they are found, and how their options are checked."""
