"""One byte changed anywhere is never verified, and never stops the verifier in an unforeseen way.

First with the manifest as published: the step ``files`` must find it.  Then with the manifest made anew, as somebody
would who hides the change: a later step must find it, unless the file still says the same (``says_the_same``, with the
reasons).  Then the same for files that are cut short.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from tests.sweeps.sweeping import flips, is_verified, only, remembering, smallest, with_manifest
from vaultproof.asn1.pem import CERTIFICATE, read_pem
from vaultproof.asn1.x509 import Certificate, parse_certificate
from vaultproof.evidence.files import DEPLOYMENT, MANIFEST
from vaultproof.procedure.document import Procedure

pytestmark = pytest.mark.slow

SWEPT = tuple(
    path for path in sorted(smallest()) if path.startswith(("bundle/", "audit/", "attestations/", DEPLOYMENT, MANIFEST))
)
ATTESTED = tuple(path for path in SWEPT if path.startswith("attestations/"))
BUNDLE_AND_LOG = tuple(path for path in SWEPT if re.fullmatch(r"bundle/[^/]+\.json|audit/[0-9]+\.json", path))
FIRST_MEMBER = "attestations/hsm-01/"
SPARSE = 13
"""The members' files are of one form: the first one's are swept byte by byte, of the others every thirteenth byte."""


def says_the_same(path: str, changed: bytes) -> bool:
    """Whether a changed file still says what was signed or pinned; few bytes of few files can change so.

    ``proof.json`` and the log's records: JSON with the same values (white space alone differs); what is signed is a
    message made of the values, not the file.  ``chain.pem``: text between the blocks, for people to read (RFC 7468, 2),
    and what the root's certificate says beside its key and name: a root is pinned by its key, its certificate may be
    left out altogether, and its dates are not judged.  Every other file is signed or hashed byte for byte.
    """
    original = smallest()[path]
    if path.endswith("chain.pem"):
        (attesting, maker, root), (first, second, *others) = certificates(original), certificates(changed)
        signed = [(attesting.raw, maker.raw)] == [(first.raw, second.raw)]
        return signed and [(item.public_key.raw, item.subject.raw) for item in others] in (
            [],
            [(root.public_key.raw, root.subject.raw)],
        )
    if path in BUNDLE_AND_LOG and "fleet-keys" not in path:
        same: bool = json.loads(original) == json.loads(changed)
        return same
    return False


def certificates(data: bytes) -> list[Certificate]:
    return [parse_certificate(block.data) for block in read_pem(data, labels={CERTIFICATE})]


def reduced(path: str) -> tuple[dict[str, bytes], Procedure]:
    """What the steps that read a file need of the deployment, and these steps alone."""
    if path in ATTESTED:
        folder = path.rsplit("/", 1)[0] + "/"
        kept = {name: data for name, data in smallest().items() if name.startswith(("bundle/", folder))}
        return {**kept, DEPLOYMENT: announcing(folder.split("/")[1])}, only("attestation")
    kept = {name: data for name, data in smallest().items() if name.startswith(("bundle/", "audit/", DEPLOYMENT))}
    return kept, only("digest", "signer", "counter-signature", "audit-log", "history")


def announcing(member: str) -> bytes:
    """The announcement with one member alone."""
    announced = json.loads(smallest()[DEPLOYMENT])
    announced["members"] = [item for item in announced["members"] if item["name"] == member]
    return json.dumps(announced).encode()


def verified_changes(path: str, copies: Iterator[tuple[object, bytes]]) -> list[object]:
    """The changes of one file that verify under a manifest made anew, though the file says something else."""
    kept, steps = reduced(path)
    with remembering() as run:
        return [
            change
            for change, data in copies
            if is_verified(run, {**kept, path: data}, steps)
            and not says_the_same(path, data)
            and is_verified(run, with_manifest({**smallest(), path: data}))
        ]


def test_the_deployment_itself_verifies_whole_and_in_parts() -> None:
    """Otherwise nothing below would say anything."""
    with remembering() as run:
        assert is_verified(run, smallest())
        assert is_verified(run, with_manifest(smallest()))
        for path in (*BUNDLE_AND_LOG, *ATTESTED):
            assert is_verified(run, *reduced(path))
            assert says_the_same(path, smallest()[path]) == ("fleet-keys" not in path and ".der" not in path)
    assert {path.split("/")[0] for path in SWEPT} == {"attestations", "audit", "bundle", DEPLOYMENT, MANIFEST}
    assert len(BUNDLE_AND_LOG) == 4
    assert len(ATTESTED) == 6


@pytest.mark.parametrize("path", SWEPT)
def test_a_changed_byte_is_not_verified(path: str) -> None:
    with remembering() as run:
        found = [
            (offset, bit)
            for offset, bit, data in flips(smallest()[path])
            if is_verified(run, {**smallest(), path: data})
        ]
    assert found == []


@pytest.mark.parametrize("path", [*BUNDLE_AND_LOG, *ATTESTED])
def test_a_changed_byte_under_a_manifest_made_anew_is_not_verified(path: str) -> None:
    every = SPARSE if path in ATTESTED and not path.startswith(FIRST_MEMBER) else 1
    changed = flips(smallest()[path], every=every, first=len(path) % every)
    assert verified_changes(path, (((offset, bit), data) for offset, bit, data in changed)) == []


@pytest.mark.parametrize("path", [*BUNDLE_AND_LOG, *(path for path in ATTESTED if path.startswith(FIRST_MEMBER))])
def test_a_file_cut_short_is_not_verified(path: str) -> None:
    data = smallest()[path]
    assert verified_changes(path, ((length, data[:length]) for length in range(len(data)))) == []
