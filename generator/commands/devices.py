"""Blocks for the steps ``attestation`` and ``keys``: each HSM's certificates, its signed Evidence, the keys in it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from generator.commands.block import CommandBlock, chain, quoted, scratch, verify_line
from vaultproof.asn1.content import Tag
from vaultproof.asn1.keyinfo import signature_algorithm
from vaultproof.asn1.pem import CERTIFICATE, read_pem
from vaultproof.asn1.x509 import Certificate, parse_certificate
from vaultproof.attestation.pkix_evidence import DER_FILE
from vaultproof.attestation.pkix_evidence_chain import CHAIN_FILE
from vaultproof.attestation.pkix_evidence_format import Evidence, Place, read_evidence
from vaultproof.attestation.pkix_evidence_profile import TECHNOLOGY
from vaultproof.attestation.reference import KeyHolding
from vaultproof.crypto.port import Algorithm
from vaultproof.errors import VaultproofError
from vaultproof.evidence.deployment import Deployment
from vaultproof.evidence.files import FLEET_KEYS, Files
from vaultproof.evidence.fleet_keys import raw_public_key
from vaultproof.trust.configuration import TrustConfiguration

_SPLIT = 'awk -v t="$t" \'/BEGIN CERT/ { n++ } n { print > (t "/c/" n ".pem") }\''


@dataclass(frozen=True, slots=True, kw_only=True)
class _Device:
    """What the commands need of one HSM: offsets are of DER headers in ``evidence.der``, counted in bytes."""

    name: str
    certificates: int
    root: Certificate
    algorithm: Algorithm
    signed: int
    signature: int
    keys: tuple[_AttestedKey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _AttestedKey:
    """One key in an Evidence: the offset of its SubjectPublicKeyInfo claim, and that claim's bytes."""

    offset: int
    spki: bytes


def device_blocks(files: Files, deployment: Deployment, trust: TrustConfiguration) -> Iterator[CommandBlock]:
    """Both blocks, or none where the files are not as this technology usually has them."""
    if deployment.technology != TECHNOLOGY:
        return
    try:
        devices = [_read(files, member.name) for member in deployment.members]
    except (KeyError, VaultproofError):
        return  # what is wrong with the files is for the steps to say; here it only means that no command fits
    pins = {device.root.public_key.sha256 for device in devices}
    algorithms = {device.algorithm for device in devices}
    pinned = {anchor.spki_sha256 for anchor in trust.anchors if anchor.technology == TECHNOLOGY}
    if len(pins) != 1 or len(algorithms) != 1 or not pins <= pinned or not all(_self_issued(item) for item in devices):
        return
    yield _attestations(devices, deployment.deployed_at, pins.pop(), algorithms.pop())
    held = [(device.name, *_held(key, files[FLEET_KEYS])) for device in devices for key in device.keys]
    if held:
        yield _keys(held, one_holder=trust.reference_values.fleet.keys is KeyHolding.ONE_HOLDER)


def _self_issued(device: _Device) -> bool:
    return device.root.self_issued


def _read(files: Files, member: str) -> _Device:
    folder = f"attestations/{member}"
    evidence = read_evidence(files[f"{folder}/{DER_FILE}"], Place(file=DER_FILE, block=None))
    blocks = read_pem(files[f"{folder}/{CHAIN_FILE}"], labels={CERTIFICATE})
    signer, root = parse_certificate(blocks[0].data), parse_certificate(blocks[-1].data)
    fields = evidence.block.element.sequence("a signature block")
    parts = tuple(fields.rest())
    return _Device(
        name=member,
        certificates=len(blocks),
        root=root,
        algorithm=signature_algorithm(evidence.block.algorithm, signer.public_key),
        signed=evidence.tbs.offset,
        signature=parts[-1].offset,
        keys=tuple(_attested_keys(evidence)),
    )


def _attested_keys(evidence: Evidence) -> Iterator[_AttestedKey]:
    for element in evidence.keys:
        value = element.value("spki")
        if value is not None and value.tag == Tag.OCTET_STRING:
            yield _AttestedKey(offset=value.offset, spki=value.octets("spki"))


def _held(key: _AttestedKey, published: bytes) -> tuple[int, int]:
    """Offset of a key, and how many of its last bytes the key file has: the whole, or the raw key alone."""
    whole = base64.b64encode(key.spki) in published
    return key.offset, len(key.spki) if whole else len(raw_public_key(key.spki))


def _attestations(devices: list[_Device], at: datetime, pin: str, algorithm: Algorithm) -> CommandBlock:
    # A pinned root is known by its key: where its own dates do not fit, OpenSSL cannot be asked about dates at all.
    in_date = all(device.root.covers(at) for device in devices)
    dates = f"-attime {int(at.timestamp())}" if in_date else "-no_check_time"
    check = verify_line(
        algorithm, key=scratch("attestation-key.pem"), message=scratch("tbs"), signature=scratch("signature")
    )
    function = (
        "attested() {",
        f'  evidence="attestations/$1/{DER_FILE}" chain="attestations/$1/{CHAIN_FILE}" root="$t/c/$2.pem" &&',
        '  rm -rf "$t/c" && mkdir "$t/c" &&',
        f'  {_SPLIT} "$chain" &&',
        '  openssl x509 -in "$root" -noout -pubkey | openssl pkey -pubin -outform DER > "$t/root" &&',
        '  [ "$(sha256sum < "$t/root" | cut -c 1-64)" = \\',
        f"    {pin} ] &&",
        f"  openssl verify -partial_chain {dates} \\",
        '    -trusted "$root" -untrusted "$chain" "$t/c/1.pem" > "$t/said" &&',
        '  openssl asn1parse -inform DER -in "$evidence" -noout -strparse "$3" -out "$t/tbs" &&',
        '  openssl asn1parse -inform DER -in "$evidence" -noout -strparse "$4" -out "$t/signature" &&',
        f'  openssl x509 -in "$t/c/1.pem" -noout -pubkey > {scratch("attestation-key.pem")} &&',
        f'  {check} > "$t/said" &&',
        '  echo "$1: certificates and signature hold"',
        "}",
    )
    calls = chain(
        *(f"attested {quoted(item.name)} {item.certificates} {item.signed} {item.signature}" for item in devices)
    )
    return CommandBlock(
        id="attestation",
        title="Do the HSMs' makers vouch for them?",
        step_id="attestation",
        about="For each HSM: the root in its certificate chain has the pinned key, the chain holds"
        f"{' as of the deployment' if in_date else ''},"
        " and the attestation key signed the Evidence (the numbers: certificates in the chain, offset of the signed"
        " part, offset of the signature). What the claims say is not compared here; openssl asn1parse -inform DER -i"
        " shows them.",
        lines=(*function, *calls),
        expect="\n".join(f"{item.name}: certificates and signature hold" for item in devices),
    )


def _keys(held: list[tuple[str, int, int]], *, one_holder: bool) -> CommandBlock:
    function = (
        "held() {",
        f'  openssl asn1parse -inform DER -in "attestations/$1/{DER_FILE}" -noout -strparse "$2" -out "$t/spki" &&',
        '  key=$(tail -c "$3" "$t/spki" | openssl base64 -A) &&',
        f'  grep -qF "\\"$key\\"" {FLEET_KEYS} &&',
        '  echo "$key" >> "$t/held" &&',
        '  echo "$1: holds a published key"',
        "}",
    )
    alone = ['[ -z "$(sort "$t/held" | uniq -d)" ]'] if one_holder else []
    calls = chain(
        ': > "$t/held"',
        *(f"held {quoted(name)} {offset} {length}" for name, offset, length in held),
        *alone,
        f"[ $(($(sort -u \"$t/held\" | wc -l))) -eq \\\n  $(($(tr ',' '\\n' < {FLEET_KEYS} | grep -c '\"key\" *:'))) ]",
    )
    return CommandBlock(
        id="keys",
        title="Are the fleet's keys really in those HSMs?",
        step_id="keys",
        about="Takes each key out of the signed Evidence (at the offset given) and finds it in the key file; every key"
        f" of the file must be found so{', and in one HSM only' if one_holder else ''}.",
        lines=(*function, *calls),
        expect="\n".join(f"{name}: holds a published key" for name, _, _ in held),
    )
