"""Precompressed copies for servers that can hand them out: brotli 11 and gzip 9, cached, made in the background.

Compressed bytes depend on the compressor's version, so nothing is ever said about *their* hash: digests and file names
are always those of the uncompressed bytes.
"""

from __future__ import annotations

import gzip
import zlib
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import brotli

from verifier_web.packing.cache import cached

BROTLI_QUALITY = 11
BROTLI_WINDOW = 22  # larger windows make the WebAssembly binary larger, not smaller (measured)
GZIP_LEVEL = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Compressed:
    """Two encodings of the same bytes."""

    br: bytes
    gz: bytes


def _compress(cache_dir: Path, content: bytes) -> Compressed:
    """Both encodings of ``content``."""
    deflater = f"{GZIP_LEVEL}/{zlib.ZLIB_RUNTIME_VERSION}".encode()
    settings = f"{BROTLI_QUALITY}/{BROTLI_WINDOW}/{brotli.__version__}".encode()
    return Compressed(
        br=cached(
            cache_dir,
            "br",
            (settings, content),
            lambda: bytes(brotli.compress(content, quality=BROTLI_QUALITY, lgwin=BROTLI_WINDOW)),
        ),
        gz=cached(cache_dir, "gz", (deflater, content), lambda: gzip.compress(content, GZIP_LEVEL, mtime=0)),
    )


class Compressor:
    """Compresses in the background, ``workers`` at a time: the large files first, while others are still being made.

    brotli and zlib let other threads run, so two files take as long as one where there are two cores.
    """

    def __init__(self, cache_dir: Path, *, workers: int = 2) -> None:
        self._cache_dir = cache_dir
        self._pool = ThreadPoolExecutor(max_workers=workers)
        self._begun: dict[bytes, Future[Compressed]] = {}

    def begin(self, content: bytes) -> None:
        """Begin with these bytes, unless they were begun already."""
        if content not in self._begun:
            self._begun[content] = self._pool.submit(_compress, self._cache_dir, content)

    def result(self, content: bytes) -> Compressed:
        """Both encodings of ``content``; waits for them."""
        self.begin(content)
        return self._begun[content].result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)
