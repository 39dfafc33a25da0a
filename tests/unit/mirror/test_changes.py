"""Changes of keys that are kept on disk come back as they were, in order, from either end, and by their epoch."""

from __future__ import annotations

import gc
import os
import resource
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultproof.mirror.changes import KeyChanges
from vaultproof.signer_log.key_history import KeyChange, RoleChange

NAMES = st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3)
CHANGES = st.builds(
    KeyChange, epoch=st.integers(1, 2**53 - 1), since=st.none() | st.integers(1, 9), from_start=st.booleans(),
    added=NAMES, removed=NAMES, identities=NAMES, total=st.integers(0, 99),
    changed=st.lists(st.builds(RoleChange, fingerprint=st.text(), before=st.text(), after=st.text()), max_size=2).map(
        tuple
    ),
)  # fmt: skip


@given(st.lists(CHANGES, max_size=5, unique_by=lambda change: change.epoch), st.integers(0, 6))
def test_they_come_back_as_they_were(changes: list[KeyChange], most: int) -> None:
    kept = KeyChanges()
    for change in changes:
        kept.append(change)
    rising = sorted(changes, key=lambda change: change.epoch)
    assert list(kept) == rising
    assert kept.newest(most) == tuple(rising[::-1][:most])
    assert [kept.at(change.epoch) for change in changes] == changes
    assert kept.at(2**53) is None
    assert (len(kept), bool(kept)) == (len(changes), bool(changes))


@pytest.mark.skipif(sys.platform != "linux", reason="counts open files under /proc")
def test_many_take_no_memory_and_leave_nothing_open() -> None:
    """40,000 changes of a kilobyte each are 40 MB."""
    before, open_before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, len(os.listdir("/proc/self/fd"))
    kept = KeyChanges()
    for epoch in range(1, 40_001):
        kept.append(
            KeyChange(epoch=epoch, since=None, from_start=False, added={f"{epoch:01000}": "session"}, removed={},
                      changed=(), total=1)
        )  # fmt: skip
    assert sum(1 for _ in kept) == 40_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16_000
    del kept
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == open_before
