"""Every genuine kind of member: its files by name, an instant at which everything in them holds, and what may vouch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.interop.attested import production
from vaultproof.asn1.pem import CERTIFICATE, read_pem
from vaultproof.asn1.x509 import parse_certificate
from vaultproof.attestation.anchors import TrustAnchor

Files = Mapping[str, bytes]

NAMES = (
    "yubihsm2",
    "yubikey-piv",
    "marvell-liquidsecurity",
    "thales-luna",
    "securosys-primus",
    "aws-nitro",
    "aws-nitro-debug",
    "pkix-evidence",
)
_LATE = datetime(2025, 12, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class GenuineMember:
    """One member's genuine files as its adapter wants them named; ``anchors`` are those of its technology."""

    technology: str
    files: Files
    at: datetime
    anchors: tuple[TrustAnchor, ...]


def genuine_member(vectors: Path, name: str) -> GenuineMember:
    """The member of that name in ``NAMES``."""
    return dict(_members(vectors / "attestation"))[name]


def _members(folder: Path) -> Iterator[tuple[str, GenuineMember]]:
    def read(*paths: str) -> bytes:
        return b"".join((folder / path).read_bytes() for path in paths)

    def member(technology: str, at: datetime, **files: bytes) -> tuple[str, GenuineMember]:
        named = {name.replace("__", "."): data for name, data in files.items()}
        return technology, GenuineMember(technology=technology, files=named, at=at, anchors=production().anchors)

    hsm, piv = "yubihsm2/31650425_", "sigstore-yubikey-piv"
    key = next(path for path in sorted((folder / piv / "key_certs").iterdir()) if "13078778" in path.name)
    yield member(
        "yubihsm2", datetime(2021, 6, 18, 12, tzinfo=UTC),
        attestation__pem=read(f"{hsm}key7e57.pem"), chain__pem=read(f"{hsm}device.pem", "yubihsm2/subca_6742036.pem"),
    )  # fmt: skip
    yield member(
        "yubikey-piv", datetime(2021, 6, 18, 12, tzinfo=UTC),
        attestation__pem=key.read_bytes(), chain__pem=read(f"{piv}/device_certs/f9_e4e5233563dc.pem"),
    )  # fmt: skip
    name, made = member("marvell-liquidsecurity", _LATE, chain__pem=read("marvell-gcp/gcp_ec_chain.pem"))
    yield name, _with(made, {"attestation.dat.gz": read("marvell-gcp/gcp_ec_attestation.dat.gz")})
    yield member("thales-luna", _LATE, pkc__p7b=read("thales-luna/rsa-pkc.p7b"))
    primus = ("securosys.xml", "securosys.sig", "attestation_key.pem", "device.pem")
    name, made = member("securosys-primus", _LATE)
    yield name, _with(made, {file: read(f"securosys-primus/{file}") for file in primus})
    for name, file, at in (
        ("aws-nitro", "veracruz.cbor", datetime(2022, 11, 9, 22, 52, tzinfo=UTC)),
        ("aws-nitro-debug", "ppmag_debug.bin", datetime(2021, 3, 5, 17, 1, 49, tzinfo=UTC)),
    ):
        _, made = member("aws-nitro", at)
        yield name, _with(made, {"attestation.cbor": read(f"aws-nitro/{file}")})
    _, made = member(
        "pkix-evidence", datetime(2026, 8, 1, tzinfo=UTC), evidence__pem=read("pkix-evidence/evidence2.pem")
    )
    yield (
        "pkix-evidence",
        GenuineMember(
            technology=made.technology,
            files=made.files,
            at=made.at,
            anchors=(_sample_root(read("pkix-evidence/ca.crt")),),
        ),
    )


def _with(made: GenuineMember, files: Files) -> GenuineMember:
    return GenuineMember(technology=made.technology, files={**made.files, **files}, at=made.at, anchors=made.anchors)


def _sample_root(data: bytes) -> TrustAnchor:
    (block,) = read_pem(data, labels={CERTIFICATE})
    key = parse_certificate(block.data).public_key
    return TrustAnchor(
        id="draft-sample-root", technology="pkix-evidence", name="the draft's samples", spki_sha256=key.sha256,
        spki=key.raw,
    )  # fmt: skip
