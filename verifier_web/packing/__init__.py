"""Packs what a browser needs to run the core: Pyodide, a small standard library, the core itself, the page's scripts.

Everything comes from files that are pinned already (the ``pyodide`` npm package by ``package-lock.json``, ``rfc8785``
by the hash-pinned requirements) and goes out as immutable files whose names carry their hash.  Nothing is downloaded.
"""

from verifier_web.packing.errors import PackingError
from verifier_web.packing.manifest import RuntimeFile, RuntimeManifest
from verifier_web.packing.runtime import build_runtime

__all__ = ["PackingError", "RuntimeFile", "RuntimeManifest", "build_runtime"]
