"""The version of this project: one place, readable without the installation's metadata (browsers have none)."""

__version__ = "0.1.0"
