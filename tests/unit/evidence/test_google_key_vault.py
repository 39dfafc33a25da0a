"""Key lists of a key vault, made and signed here: each case breaks one rule, and the signature holds all the same."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from vaultproof.attestation.anchors import TrustAnchor
from vaultproof.attestation.findings import AsOf, Outcome
from vaultproof.crypto.openssl import OpenSslBackend
from vaultproof.crypto.port import run_to_completion
from vaultproof.errors import Malformed
from vaultproof.evidence.google_key_vault import read_key_list, read_signature
from vaultproof.evidence.google_key_vault_check import TECHNOLOGY, KeyListCheck, Seen, check_key_list

CREATED = datetime(2026, 6, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip
_Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@cache
def rsa_key(label: str) -> rsa.RSAPrivateKey:
    """A key for each label; random ones, since nothing here depends on which."""
    return rsa.generate_private_key(public_exponent=65537, key_size=3072)


@cache
def ec_key(label: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(label.encode(), "big"), ec.SECP256R1())


def certificate(
    subject: str, key: _Key, issuer: str, signer: rsa.RSAPrivateKey, *, authority: bool = False, signs: bool = False,
    until: datetime = datetime(2030, 1, 1, tzinfo=UTC),
) -> str:  # fmt: skip
    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    usage = dict.fromkeys(USAGES, False)
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(subject))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if signs:
        builder = builder.add_extension(x509.KeyUsage(**{**usage, "digital_signature": True}), critical=True)
    return base64.b64encode(builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.DER)).decode()


@cache
def parts() -> dict[str, str]:
    """The certificates of a good list: two intermediates of one name and key, of which a pin reaches the second."""
    root, other, middle = rsa_key("root"), rsa_key("other root"), rsa_key("intermediate")
    return {
        "stray": certificate("Middle", middle, "Other Root", other, authority=True),
        "intermediate": certificate("Middle", middle, "Root", root, authority=True),
        "signer": certificate("Signer", rsa_key("signer"), "Middle", middle, signs=True),
        "one": certificate("Endpoint", ec_key("one"), "Middle", middle, until=datetime(2026, 9, 1, tzinfo=UTC)),
        "two": certificate("Endpoint", ec_key("two"), "Middle", middle),
        "two again": certificate("Endpoint", ec_key("two"), "Middle", middle, until=datetime(2031, 1, 1, tzinfo=UTC)),
        "foreign": certificate("Endpoint", ec_key("three"), "Elsewhere", middle),
    }


def certs(*names: str) -> str:
    return "".join(f"<cert>{parts()[name]}</cert>" for name in names)


PREVIOUS = f"<previous><serial>41</serial><hash>{base64.b64encode(b'h' * 32).decode()}</hash></previous>"
METADATA = (
    f"<serial>42</serial><creation-time>{int(CREATED.timestamp())}</creation-time>"
    f"<refresh-interval>2592000</refresh-interval>"
)


def key_list(
    metadata: str = METADATA + PREVIOUS, endpoints: tuple[str, ...] = ("one", "two"),
    intermediates: tuple[str, ...] = ("stray", "intermediate"), more: str = "",
) -> bytes:  # fmt: skip
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<certificate><metadata>{metadata}</metadata>'
        f"<intermediates>{certs(*intermediates)}</intermediates><endpoints>{certs(*endpoints)}</endpoints>{more}"
        f"</certificate>\n"
    ).encode()


def signature(data: bytes, *, signer: str = "signer", key: str = "signer", more: str = "") -> bytes:
    value = base64.b64encode(rsa_key(key).sign(data, padding.PKCS1v15(), hashes.SHA256())).decode()
    return (
        f"<signature><intermediates>{certs('stray', 'intermediate')}</intermediates>"
        f"<certificate>{parts()[signer]}</certificate><value>{value}</value>{more}</signature>"
    ).encode()


def anchor(label: str = "root") -> TrustAnchor:
    spki = rsa_key(label).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return TrustAnchor(
        id="r", technology=TECHNOLOGY, name="Root", spki_sha256=sha256(spki).hexdigest(), spki=spki
    )  # fmt: skip


def check(
    data: bytes, signed: bytes | None = None, *, root: str = "root", seen: Seen | None = None, now: datetime = NOW
) -> KeyListCheck:
    signed = signature(data) if signed is None else signed
    work = check_key_list(data, signed, anchors=(anchor(root),), backend=OpenSslBackend(), now=now, seen=seen)
    return run_to_completion(work)


def codes(found: KeyListCheck, outcome: Outcome) -> set[str]:
    return {item.code for item in found.findings if item.outcome is outcome}


def test_a_good_list_lacks_attestations_alone() -> None:
    found = check(key_list(), seen=Seen(serial=41, sha256=(b"h" * 32).hex()))
    assert found.list is not None
    assert (found.list.serial, found.list.created, found.list.refresh) == (42, CREATED, 2592000)
    assert codes(found, Outcome.NOT_EVALUATED) == {"no-hsm-attestation"}
    assert codes(found, Outcome.FAILED) == {"expired-now"}
    assert found.outcome(AsOf.DEPLOYMENT) is Outcome.NOT_EVALUATED
    assert codes(found, Outcome.NOTED) == {"certificate-serials-shared", "newer-list-due"}


def test_a_list_that_is_not_yet_due_says_nothing_of_it() -> None:
    found = check(key_list(), now=CREATED + timedelta(days=29))
    assert "newer-list-due" not in codes(found, Outcome.NOTED)
    assert codes(found, Outcome.FAILED) == set()


def test_the_first_list_has_none_before_it() -> None:
    found = check(key_list(metadata=METADATA))
    assert found.list is not None
    assert found.list.previous is None


@pytest.mark.parametrize(
    ("data", "signed", "root", "failed"),
    [
        (key_list, signature, "other root of no one", {"unrecognised-root"}),
        (key_list, lambda data: signature(data, key="other signer"), "root", {"bad-signature", "signature-range"}),
        (key_list, lambda data: signature(data + b" "), "root", {"bad-signature"}),
        (key_list, lambda data: signature(data, signer="two", key="signer"), "root", {"wrong-role"}),
        (key_list, lambda data: signature(data, signer="foreign"), "root", {"no-chain"}),
    ],
)  # fmt: skip
def test_nothing_is_read_unless_the_signature_holds_under_the_pin(
    data: Callable[[], bytes], signed: Callable[[bytes], bytes], root: str, failed: set[str]
) -> None:
    made = data()
    found = check(made, signed(made), root=root)
    # Another key's signature may be a larger number than this one's modulus, as chance has it.
    assert failed & (codes(found, Outcome.FAILED) | codes(found, Outcome.COULD_NOT_CHECK))
    assert found.list is None


@pytest.mark.parametrize(
    "made",
    [
        lambda: key_list(metadata=METADATA + "<serial>43</serial>"),
        lambda: key_list(metadata=METADATA + PREVIOUS + PREVIOUS),
        lambda: key_list(metadata=METADATA.replace("<creation-time>", "<creation-time> ")),
        lambda: key_list(metadata=METADATA.replace("42", "042", 1)),
        lambda: key_list(metadata=METADATA + PREVIOUS.replace("<hash>", "<hash>AAAA")),
        lambda: key_list(metadata=METADATA + "<previous><serial>41</serial><hash>AAAA</hash></previous>"),
        lambda: key_list(metadata="<serial>42</serial>"),
        lambda: key_list(endpoints=()),
        lambda: key_list(more="<endpoints></endpoints>"),
        lambda: key_list(more="<extra>x</extra>"),
        lambda: key_list().replace(b"<certificate>", b"<!DOCTYPE x [<!ENTITY e 'x'>]><certificate>", 1),
        lambda: key_list().replace(b"<metadata>", b"<!-- x --><metadata>", 1),
        lambda: key_list().replace(b"<endpoints>", b"<endpoints>x", 1),
        lambda: key_list().replace(b"<serial>", b'<serial kind="x">', 1),
        lambda: key_list().replace(b"<serial>42</serial>", b"<serial><cert>x</cert></serial>", 1),
        lambda: key_list() + b"<certificate>",
    ],
)
def test_m18_a_list_with_two_of_a_kind_is_refused_although_signed(made: Callable[[], bytes]) -> None:
    with pytest.raises(Malformed) as caught:
        check(made())
    assert caught.value.file == "cert.xml"


@pytest.mark.parametrize(
    "more", ["<value>AAAA</value>", "<certificate>AAAA</certificate>", "<intermediates></intermediates>", "<x>y</x>"]
)
def test_m18_a_signature_file_with_two_of_a_kind_is_refused(more: str) -> None:
    with pytest.raises(Malformed) as caught:
        check(key_list(), signature(key_list(), more=more))
    assert caught.value.file == "cert.sig.xml"


def test_cohorts_are_told_apart_by_key() -> None:
    found = check(key_list(endpoints=("one", "two", "two again")))
    assert "endpoint-key-repeated" in codes(found, Outcome.FAILED)
    assert "endpoint-keys-distinct" not in codes(found, Outcome.PROVEN)


def test_an_endpoint_of_another_authority_has_no_chain() -> None:
    found = check(key_list(endpoints=("one", "foreign")))
    assert [item.subject for item in found.findings if item.code == "no-chain"] == ["endpoint-1/anchor"]


def test_an_endpoint_whose_intermediate_no_pin_reaches_fails() -> None:
    found = check(key_list(intermediates=("stray",)))
    failed = [item.subject for item in found.findings if item.code == "unrecognised-root"]
    assert failed == ["endpoint-0/anchor", "endpoint-1/anchor"]


def test_a_list_does_not_name_itself_as_the_one_before() -> None:
    found = check(key_list(metadata=METADATA + PREVIOUS.replace("41", "42", 1)))
    assert "list-before-is-not-earlier" in codes(found, Outcome.FAILED)


@pytest.mark.parametrize("read", [read_key_list, read_signature])
def test_a_file_cut_anywhere_is_refused(read: Callable[[bytes], object]) -> None:
    data = key_list() if read is read_key_list else signature(key_list())
    for end in range(0, len(data.rstrip()), 7):
        with pytest.raises(Malformed):
            read(data[:end])
