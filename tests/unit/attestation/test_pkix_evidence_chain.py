"""Which certificates make the chain of an Evidence, in which order and role; ambiguity is refused, never guessed."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha1, sha256

import pytest

from tests.unit.attestation.makers import Certified, Device, authority, chain, name, pem, read, spki
from vaultproof.asn1 import oids, writer
from vaultproof.asn1.keyinfo import parse_public_key
from vaultproof.attestation.adapter import Attestation, Role
from vaultproof.attestation.findings import Outcome
from vaultproof.attestation.pkix_evidence_writer import PlatformValues, Signer
from vaultproof.errors import Malformed, Mismatch, Unavailable

DEVICE = Device()
AK, AUTHORITY, ROOT_DER = chain(*DEVICE.links())


def roles(attestation: Attestation) -> list[Role]:
    return [link.role for link in attestation.chains[0].links]


def test_the_chain_file_gives_the_order_with_or_without_the_root() -> None:
    whole = [Role.ATTESTATION_KEY, Role.DEVICE, Role.ROOT]
    evidence = {"evidence.der": DEVICE.evidence()}
    assert roles(read({**evidence, "chain.pem": pem(AK, AUTHORITY, ROOT_DER)})) == whole
    assert roles(read({**evidence, "chain.pem": pem(AK, AUTHORITY)})) == whole[:2]
    assert roles(read({**evidence, "chain.pem": pem(AK)})) == whole[:1]


def test_carried_certificates_are_put_into_order() -> None:
    files = {"evidence.der": DEVICE.evidence(carried=(ROOT_DER, AUTHORITY))}
    assert roles(read(files)) == [Role.ATTESTATION_KEY, Role.DEVICE, Role.ROOT]


def test_carried_certificates_are_read_tagged_either_way() -> None:
    implicit = DEVICE.evidence(carried=(AUTHORITY, ROOT_DER))
    tagged = writer.explicit(0, AUTHORITY + ROOT_DER)
    bare = DEVICE.evidence()
    start = 4 if bare[1] == 0x82 else 3
    assert implicit == writer.sequence(bare[start:], tagged)
    explicit = writer.sequence(bare[start:], writer.explicit(0, writer.sequence(AUTHORITY, ROOT_DER)))
    assert roles(read({"evidence.der": explicit})) == roles(read({"evidence.der": implicit}))
    empty = writer.sequence(bare[start:], writer.explicit(0, writer.sequence()))
    assert roles(read({"evidence.der": empty})) == [Role.ATTESTATION_KEY]


@pytest.mark.parametrize(
    "signer",
    [
        Signer(spki=spki("ak-a")),
        Signer(key_id=sha256(spki("ak-a")).digest()),
        Signer(key_id=sha1(parse_public_key(spki("ak-a")).key.octets).digest()),  # noqa: S324 (RFC 5280 names keys by it)
        Signer(key_id=sha256(spki("ak-a")).digest(), spki=spki("ak-a"), certificate=AK),
    ],
)
def test_a_signer_may_be_named_in_three_ways(signer: Signer) -> None:
    by_file = {"evidence.der": DEVICE.evidence(signer=signer), "chain.pem": pem(AK, AUTHORITY)}
    assert read(by_file).chains[0].links[0].key.raw == spki("ak-a")
    by_itself = {"evidence.der": DEVICE.evidence(signer=signer, carried=(AUTHORITY, AK))}
    assert read(by_itself).chains[0].links[0].key.raw == spki("ak-a")


def test_a_signer_that_nobody_has_a_certificate_of_cannot_be_checked() -> None:
    with pytest.raises(Unavailable) as caught:
        read({"evidence.der": DEVICE.evidence(signer=Signer(key_id=b"unknown"), carried=(AUTHORITY,))})
    assert caught.value.code == "signer-unresolved"


@pytest.mark.parametrize(
    "signer",
    [
        Signer(certificate=AUTHORITY),
        Signer(spki=spki("device-a")),
        Signer(key_id=b"x"),
        Signer(key_id=b"x", certificate=AK),
    ],
)
def test_a_chain_of_another_signer_is_refused(signer: Signer) -> None:
    with pytest.raises(Mismatch) as caught:
        read({"evidence.der": DEVICE.evidence(signer=signer), "chain.pem": pem(AK, AUTHORITY)})
    assert caught.value.code == "signer-differs"


def test_ways_of_naming_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(Mismatch):
        read({"evidence.der": DEVICE.evidence(signer=Signer(spki=spki("device-a"), certificate=AK))})


def test_two_certificates_for_one_signer_are_ambiguous() -> None:
    ak, *above = DEVICE.links()
    (other, *_) = chain(replace(ak, subject=name("another name")), *above)
    with pytest.raises(Malformed) as caught:
        read({"evidence.der": DEVICE.evidence(signer=Signer(spki=spki("ak-a")), carried=(AK, other))})
    assert caught.value.code == "ambiguous-signer"


def test_two_issuers_of_one_name_are_ambiguous_unless_the_key_identifier_decides() -> None:
    ak, authority_link, root = DEVICE.links()
    namesake = replace(authority_link, label="namesake")
    (_, other, _) = chain(ak, namesake, root)
    with pytest.raises(Malformed) as caught:
        read({"evidence.der": DEVICE.evidence(carried=(AUTHORITY, other))})
    assert caught.value.code == "ambiguous-chain"

    def identified(link: Certified, own: bytes, issuer: bytes) -> Certified:
        return replace(
            link,
            extensions=(
                *link.extensions,
                writer.sequence(writer.oid(oids.SUBJECT_KEY_IDENTIFIER), writer.octet_string(writer.octet_string(own))),
                writer.sequence(
                    writer.oid(oids.AUTHORITY_KEY_IDENTIFIER),
                    writer.octet_string(writer.sequence(writer.implicit(0, issuer))),
                ),
            ),
        )

    links = (identified(ak, b"1", b"2"), identified(authority_link, b"2", b"3"), root)
    first, right, _ = chain(*links)
    (_, wrong, _) = chain(links[0], identified(namesake, b"9", b"3"), root)
    found = read({"evidence.der": DEVICE.evidence(signer=Signer(certificate=first), carried=(wrong, right))})
    assert [link.key.raw for link in found.chains[0].links] == [spki("ak-a"), spki("device-a")]
    assert [finding.code for finding in found.findings] == ["serial-same", "unused-certificate"]


def test_a_loop_of_names_ends() -> None:
    ak, authority_link, _ = DEVICE.links()
    one = authority_link.encode(name("loop"), "loop")
    two = Certified(label="loop", subject=name("loop"), extensions=authority()).encode(
        authority_link.subject, "device-a"
    )
    links = read(
        {
            "evidence.der": DEVICE.evidence(
                signer=Signer(certificate=ak.encode(authority_link.subject, "device-a")), carried=(one, two)
            )
        }
    )
    assert len(links.chains[0].links) == 3


def test_a_chain_has_a_length_cap() -> None:
    above = tuple(
        Certified(label=f"ca{number}", subject=name(f"ca {number}"), extensions=authority()) for number in range(8)
    )
    certificates = chain(DEVICE.links()[0], *above)
    evidence = DEVICE.evidence(signer=Signer(certificate=certificates[0]))
    with pytest.raises(Malformed) as caught:
        read({"evidence.der": evidence, "chain.pem": pem(*certificates)})
    assert (caught.value.code, caught.value.file) == ("pem-count", "chain.pem")
    carried = DEVICE.evidence(signer=Signer(certificate=certificates[0]), carried=certificates[1:])
    with pytest.raises(Malformed) as too_long:
        read({"evidence.der": carried})
    assert too_long.value.code == "chain-length"
    many = DEVICE.evidence(signer=Signer(certificate=certificates[0]), carried=(*certificates[1:], ROOT_DER))
    with pytest.raises(Malformed) as too_many:
        read({"evidence.der": many})
    assert too_many.value.code == "certificate-count"


def test_the_device_is_known_by_its_authority_else_by_its_attestation_key() -> None:
    identity = read(DEVICE.files()).claims.attester.device_identity
    assert identity is not None
    assert identity.value == sha256(spki("device-a")).hexdigest()
    assert identity.source.file == "chain.pem"
    ak, authority_link, root = DEVICE.links()
    certificates = chain(ak, replace(authority_link, subject=name("shared factory")), root)
    evidence = DEVICE.evidence(signer=Signer(certificate=certificates[0]))
    shared = read({"evidence.der": evidence, "chain.pem": pem(*certificates)})
    assert roles(shared) == [Role.ATTESTATION_KEY, Role.MANUFACTURER, Role.ROOT]
    fallback = shared.claims.attester.device_identity
    assert fallback is not None
    assert fallback.value == sha256(spki("ak-a")).hexdigest()


@pytest.mark.parametrize("claimed", ["SN-b", "SN-a ", None])
def test_a_serial_number_that_the_certificate_contradicts_fails(claimed: str | None) -> None:
    lying = replace(DEVICE, platform=PlatformValues(vendor="x", hwserial=claimed))
    (finding,) = read(lying.files()).findings
    assert (finding.code, finding.outcome) == ("serial-differs", Outcome.FAILED)
    assert (finding.expected, finding.found) == (claimed, "SN-a")


@pytest.mark.parametrize("serial", ["SN-a", None])
def test_a_device_with_authorities_below_it_fails_for_it_could_be_many(serial: str | None) -> None:
    """A device's certificate that may issue others makes as many 'devices' as it likes, each with its own key."""
    ak, device, root = DEVICE.links()
    below = Certified(label="invented", subject=name("invented", serial), extensions=authority())
    certificates = chain(ak, below, replace(device, extensions=authority()), root)
    evidence = DEVICE.evidence(signer=Signer(certificate=certificates[0]))
    found = read({"evidence.der": evidence, "chain.pem": pem(*certificates)}).findings
    (finding,) = [item for item in found if item.code == "device-issues-authorities"]
    assert (finding.outcome, finding.found, finding.required) == (Outcome.FAILED, "SN-a", True)
