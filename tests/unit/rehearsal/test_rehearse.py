from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from generator.rehearsal import rehearse
from generator.rehearsal.authorities import operator_key, signer_keys, vendor_key, witness_key
from tests.unit.rehearsal.made import KINDS, OVER_THE_AIR, made
from vaultproof.attestation.freshness import attestation_nonce
from vaultproof.attestation.pkix_evidence import PkixEvidenceAdapter
from vaultproof.evidence.audit import record_paths
from vaultproof.evidence.ceremony import FIRST_PREVIOUS, read_ceremony, witness_message
from vaultproof.evidence.deployment import Deployment, read_deployment
from vaultproof.evidence.epoch import read_epoch, read_proof
from vaultproof.evidence.files import check_caps
from vaultproof.evidence.fleet_keys import FleetKeys, read_fleet_keys
from vaultproof.evidence.manifest import make_manifest, read_manifest

ROOT = Path(__file__).parents[3]
AIR = ["founding", "over-the-air"]
ALL = list(KINDS)


def _deployment(files: dict[str, bytes]) -> Deployment:
    return read_deployment(files["deployment.json"])


def _keys(files: dict[str, bytes]) -> FleetKeys:
    return read_fleet_keys(files["bundle/fleet-keys.json"])


def _member(files: dict[str, bytes], name: str) -> dict[str, bytes]:
    folder = f"attestations/{name}/"
    return {path.removeprefix(folder): data for path, data in files.items() if path.startswith(folder)}


# --- the same bytes anywhere ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ALL)
def test_the_same_options_give_the_same_bytes(kind: str) -> None:
    assert rehearse(KINDS[kind]) == made(kind)


def test_another_process_gives_the_same_bytes() -> None:
    """With hash randomisation, another order of imports and no cache."""
    program = (
        "from generator.rehearsal import RehearsalOptions, rehearse\n"
        f"files = rehearse(RehearsalOptions(seed={OVER_THE_AIR.seed!r}, id={OVER_THE_AIR.id!r}))\n"
        "import hashlib; print(hashlib.sha256(files['manifest.json']).hexdigest(), list(files) == sorted(files))\n"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=True, text=True)
    assert run.stdout.split() == [hashlib.sha256(made("over-the-air")["manifest.json"]).hexdigest(), "True"]


def test_seed_and_id_change_every_key() -> None:
    others = [replace(OVER_THE_AIR, seed="another"), replace(OVER_THE_AIR, id="rehearsal-another")]
    fleets = [_keys(made("over-the-air")), *(_keys(rehearse(options)) for options in others)]
    keys = [key.key for fleet in fleets for key in fleet.keys]
    assert len(set(keys)) == 3 * 7
    serials = [member.serial for options in others for member in _deployment(rehearse(options)).members]
    assert len(set(serials)) == 2 * 7


# --- well-formed, complete, and named REHEARSAL ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", ALL)
def test_the_manifest_is_the_one_the_files_give(kind: str) -> None:
    files = made(kind)
    check_caps(files)
    assert make_manifest(KINDS[kind].id, files).to_bytes() == files["manifest.json"]
    assert [entry.path for entry in read_manifest(files["manifest.json"]).entries] == sorted(
        set(files) - {"manifest.json"}
    )


@pytest.mark.parametrize("kind", ALL)
def test_the_announcement_is_read_and_says_rehearsal(kind: str) -> None:
    deployment = _deployment(made(kind))
    assert deployment.id == KINDS[kind].id
    assert deployment.rehearsal
    names = [
        deployment.title,
        *(member.serial for member in deployment.members),
        *(site.name for site in deployment.sites),
    ]
    assert all("REHEARSAL" in name for name in names)
    assert (len(deployment.members), len(deployment.sites), deployment.threshold) == (7, 5, 4)
    assert deployment.promises == ("ceremony",)


@pytest.mark.parametrize("kind", ALL)
def test_every_file_says_rehearsal(kind: str) -> None:
    """But keys and signatures alone, which have no room for words, and the answers of the log, which speak of it."""
    wordless = ("manifest.json", "bundle/", "ceremony/witnesses/", "audit/artifacts/")
    silent = [
        path
        for path, data in made(kind).items()
        if b"rehearsal" not in data.lower() and not path.startswith(wordless) and path != "audit/info.json"
    ]
    assert silent == []


def test_the_published_files_of_each_kind() -> None:
    air, hardcoded = set(made("over-the-air")), set(made("hardcoded"))
    assert {"bundle/proof.json", "audit/3.json", "audit/artifacts/2.json", "audit/info.json"} <= air
    assert not any(path.startswith("app/") for path in air)
    assert "app/rehearsal-app.apk" in hardcoded
    assert not any(path.startswith("audit/") or path == "bundle/proof.json" for path in hardcoded)


def test_the_statement_has_headings_and_the_numbers() -> None:
    text = made("over-the-air")["statement.md"].decode()
    assert text.startswith("# REHEARSAL: ")
    assert text.count("\n## ") == 6
    assert "7 HSMs in 5 cities, of which 4 must agree" in text
    assert "this one is epoch 3" in text
    assert "{" not in text


# --- signatures, by the library itself ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", AIR)
def test_every_epoch_is_signed_by_a_key_of_the_signer(kind: str) -> None:
    files = made(kind)
    keys = {key.key_id: key for key in signer_keys()}
    before = 0
    for number, path in record_paths(files).items():
        record = read_epoch(files[path], file=path)
        assert record.key_id is not None
        key = keys[record.key_id]
        message = bytes.fromhex(json.loads(files[path])["serialized_message"])
        Ed25519PublicKey.from_public_bytes(key.public).verify(record.signature, message)
        assert message == record.signed_message()
        assert record.epoch == number
        assert key.not_before <= record.timestamp
        assert before < record.timestamp
        before = record.timestamp


@pytest.mark.parametrize("kind", AIR)
def test_the_proof_is_the_last_record_with_the_operators_signature(kind: str) -> None:
    files = made(kind)
    proof = read_proof(files["bundle/proof.json"], file="bundle/proof.json")
    epoch = _deployment(files).epoch
    record = read_epoch(files[f"audit/{epoch}.json"], file="audit")
    assert (proof.record.signature, proof.record.digest) == (record.signature, record.digest)
    assert proof.record.digest == hashlib.sha256(files["bundle/fleet-keys.json"]).digest()
    assert proof.counter_signature is not None
    key = operator_key().public_key()
    key.verify(proof.counter_signature, record.signature, ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize("kind", ALL)
def test_every_attestation_is_signed_up_to_the_root(kind: str) -> None:
    files = made(kind)
    for member in _deployment(files).members:
        own = _member(files, member.name)
        attestation = PkixEvidenceAdapter().read(own)
        (statement,) = attestation.statements
        chain = x509.load_pem_x509_certificates(own["chain.pem"])
        assert [len(chain), chain[2].public_key()] == [3, vendor_key().public_key()]
        leaf = chain[0].public_key()
        assert isinstance(leaf, ec.EllipticCurvePublicKey)
        leaf.verify(statement.signed.signature, statement.signed.message, ec.ECDSA(hashes.SHA256()))
        for lower, upper in zip(chain, [*chain[1:], chain[2]], strict=True):
            lower.verify_directly_issued_by(upper)
        assert all("REHEARSAL" in certificate.subject.rfc4514_string() for certificate in chain)


@pytest.mark.parametrize("kind", ALL)
def test_every_published_key_is_attested_once(kind: str) -> None:
    files = made(kind)
    deployment = _deployment(files)
    fingerprints = [key.fingerprint for key in _keys(files).keys]
    nonce = attestation_nonce(deployment.id, deployment.technology, fingerprints)
    attested = []
    for member in deployment.members:
        claims = PkixEvidenceAdapter().read(_member(files, member.name)).claims
        assert claims.evidence.nonce is not None
        assert claims.evidence.nonce.value == nonce
        assert claims.attester.hwserial is not None
        assert claims.attester.hwserial.value == member.serial
        for key in claims.keys:
            assert key.spki is not None
            load_der_public_key(key.spki.value)
            assert [key.local and key.local.value, key.sensitive and key.sensitive.value] == [True, True]
            assert [key.extractable and key.extractable.value, key.role and key.role.value] == [False, "session"]
            attested.append(hashlib.sha256(key.spki.value[-32:]).hexdigest())
    assert sorted(attested) == sorted(fingerprints)


@pytest.mark.parametrize("kind", ALL)
def test_every_witness_signed_the_ceremony_record(kind: str) -> None:
    files = made(kind)
    data = files["ceremony/record.json"]
    record = read_ceremony(data)
    assert record.deployment == KINDS[kind].id
    assert len(record.witnesses) == 3
    for witness in record.witnesses:
        signature = files[f"ceremony/witnesses/{witness}.sig"].decode()
        witness_key(witness).public_key().verify(bytes.fromhex(signature.removesuffix("\n")), witness_message(data))


@pytest.mark.parametrize("kind", ALL)
def test_the_ceremony_is_one_chain_in_order_of_time(kind: str) -> None:
    files = made(kind)
    entries = read_ceremony(files["ceremony/record.json"]).entries
    previous = FIRST_PREVIOUS
    for entry in entries:
        assert (entry.previous, entry.computed_hash) == (previous, entry.stated_hash)
        previous = entry.stated_hash
    assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
    assert sum(entry.deviation is not None for entry in entries) == 1


@pytest.mark.parametrize("kind", ALL)
def test_the_ceremony_names_the_digests_of_what_it_speaks_of(kind: str) -> None:
    files = made(kind)
    told = " ".join(entry.action for entry in read_ceremony(files["ceremony/record.json"]).entries)
    spoken_of = ["ceremony/script.md", "ceremony/ceremony.log", "bundle/fleet-keys.json"]
    spoken_of += [path for path in files if path.endswith("evidence.der")]
    assert [path for path in spoken_of if hashlib.sha256(files[path]).hexdigest() not in told] == []


# --- other sizes, and the app ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("members", "sites"), [(3, 1), (15, 9)])
def test_other_sizes(members: int, sites: int) -> None:
    files = rehearse(replace(OVER_THE_AIR, members=members, sites=sites))
    deployment = _deployment(files)
    assert (len(deployment.members), len(deployment.sites)) == (members, sites)
    assert {member.site for member in deployment.members} == {site.id for site in deployment.sites}
    assert deployment.threshold > members / 2
    assert len(_keys(files).keys) == members


def test_the_app_carries_the_keys() -> None:
    files = made("hardcoded")
    package = files["app/rehearsal-app.apk"]
    app = _deployment(files).app
    assert app is not None
    assert app.sha256 == hashlib.sha256(package).hexdigest()
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        assert archive.testzip() is None
        assert archive.read("res/raw/rehearsal_fleet_key.bin").count(_keys(files).keys[0].key) == 1
