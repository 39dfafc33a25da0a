from __future__ import annotations

import asyncio

import pytest

from vaultproof.crypto import run_to_completion


async def _answer() -> int:
    return 7


async def _failure() -> None:
    raise ValueError("of the work itself")


async def _pause() -> None:
    await asyncio.sleep(0)


def test_work_that_never_waits_is_driven_to_its_result() -> None:
    assert run_to_completion(_answer()) == 7


def test_its_error_comes_through() -> None:
    with pytest.raises(ValueError, match="of the work itself"):
        run_to_completion(_failure())


def test_work_that_waits_is_refused() -> None:
    with pytest.raises(RuntimeError, match="event loop"):
        run_to_completion(_pause())
