"""Helpers around the engine: `data` (datasets and loaders) and `checkpoint`."""
