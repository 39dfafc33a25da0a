"""The walk to a pinned root: each way in which a chain can be wrong has its own code, and nothing is raised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.attestation.makers import (
    AT,
    ATTESTING,
    FROM,
    ISSUING,
    NOW,
    SIGNING,
    UNTIL,
    Certified,
    Device,
    anchor,
    authority,
    chain,
    extension,
    name,
    pem,
    read,
    sign,
)
from vaultproof.asn1 import oids, writer
from vaultproof.attestation.adapter import Attestation, DateRule, SignedBytes
from vaultproof.attestation.anchors import TrustAnchor
from vaultproof.attestation.chain import ChainResult, verify_chain
from vaultproof.attestation.findings import AsOf, Outcome
from vaultproof.attestation.pkix_evidence_writer import Signer
from vaultproof.crypto.openssl import OpenSslBackend
from vaultproof.crypto.port import Algorithm, SignatureCheck, run_to_completion
from vaultproof.errors import Malformed, Unavailable, VaultproofError

DEVICE = Device()
AK, AUTHORITY, TOP = DEVICE.links()


class BrokenEngine:
    """A backend that can do nothing."""

    name = "broken"

    async def verify(self, check: SignatureCheck) -> None:
        raise Unavailable("engine-cannot", f"no {check.algorithm}")


def walk(
    attestation: Attestation, anchors: Sequence[TrustAnchor] = (anchor(),), *, at: datetime = AT, now: datetime = NOW
) -> ChainResult:
    return run_to_completion(verify_chain(attestation, anchors, OpenSslBackend(), at, now))


def made(*links: Certified, tail: int | None = None, certificates: tuple[bytes, ...] | None = None) -> Attestation:
    """The good Evidence with another chain; ``tail`` leaves out that many certificates at the top."""
    found = chain(*links) if certificates is None else certificates
    evidence = DEVICE.evidence(signer=Signer(certificate=found[0]))
    return read({"evidence.der": evidence, "chain.pem": pem(*found[: None if tail is None else -tail])})


def troubles(result: ChainResult) -> list[tuple[str, str]]:
    bad = (Outcome.FAILED, Outcome.COULD_NOT_CHECK, Outcome.NOT_EVALUATED)
    return [(finding.code, finding.subject) for finding in result.findings if finding.outcome in bad]


def test_a_good_chain_holds_at_both_instants() -> None:
    result = walk(read(DEVICE.files()))
    assert troubles(result) == []
    assert (result.outcome(AsOf.DEPLOYMENT), result.outcome(AsOf.NOW)) == (Outcome.PROVEN, Outcome.PROVEN)
    assert result.anchors["manufacturer"].id == "test-root"
    assert [item.role.value for item in result.endorsements] == ["attestation-key", "device", "root"]
    assert {item.trust_anchor_id for item in result.endorsements} == {"test-root"}
    codes = {finding.code for finding in result.findings}
    assert {"pinned-root", "signature-holds", "names-match", "right-role", "valid-at-deployment", "valid-now"} <= codes


def test_a_chain_without_its_root_is_signed_by_the_pinned_key() -> None:
    result = walk(made(*DEVICE.links(), tail=1))
    assert troubles(result) == []
    assert [finding.code for finding in result.findings if finding.subject == "manufacturer/anchor"] == [
        "signed-by-pinned-root"
    ]


def test_a_root_is_pinned_by_key_so_that_a_reissued_certificate_serves() -> None:
    reissued = replace(TOP, subject=name("Root, renewed"), not_after=AT - timedelta(days=1))
    assert troubles(walk(made(AK, AUTHORITY, reissued))) == []


def test_a_root_of_the_same_name_and_another_key_is_not_recognised() -> None:
    stray = made(AK, AUTHORITY, replace(TOP, label="stray"))
    result = walk(stray)
    assert troubles(result) == [("unrecognised-root", "manufacturer/anchor")]
    assert result.anchors == {}
    holds = [finding for finding in result.findings if finding.code == "signature-holds"]
    assert len(holds) == 3, "the chain is valid in itself, which is worth nothing"


def test_a_stray_chain_without_root_is_not_recognised() -> None:
    result = walk(made(AK, AUTHORITY, replace(TOP, label="stray"), tail=1))
    assert troubles(result) == [("unrecognised-root", "manufacturer/anchor")]


@pytest.mark.parametrize("other", [anchor(technology="another"), anchor(purpose="owner")])
def test_an_anchor_of_another_technology_or_purpose_vouches_for_nothing(other: TrustAnchor) -> None:
    assert troubles(walk(read(DEVICE.files()), [other])) == [("no-anchor", "manufacturer/anchor")]


def test_a_pin_without_its_key_cannot_check_a_chain_that_lacks_the_root() -> None:
    bare = anchor(spki=None)
    assert troubles(walk(made(*DEVICE.links(), tail=1), [bare])) == [("root-not-included", "manufacturer/anchor")]
    assert troubles(walk(read(DEVICE.files()), [bare])) == []


def test_one_key_pinned_twice_is_a_fault_of_the_configuration() -> None:
    with pytest.raises(Malformed) as caught:
        walk(read(DEVICE.files()), [anchor(), anchor(id="other")])
    assert caught.value.code == "anchor-twice"


@pytest.mark.parametrize("index", [0, 1])
def test_a_certificate_that_the_next_did_not_sign_fails(index: int) -> None:
    certificates = list(chain(*DEVICE.links()))
    link, upper = DEVICE.links()[index], DEVICE.links()[index + 1]
    certificates[index] = link.encode(upper.subject, "somebody else")
    found = troubles(walk(made(certificates=tuple(certificates))))
    assert found == [("bad-signature", f"manufacturer/{index}")]


def test_evidence_that_its_key_did_not_sign_fails() -> None:
    data = DEVICE.evidence()
    forged = data.replace(b"2.4.1", b"2.4.2")
    assert forged != data
    result = walk(read({**DEVICE.files(), "evidence.der": forged}))
    assert troubles(result) == [("bad-signature", "evidence")]
    assert result.outcome(AsOf.DEPLOYMENT) is Outcome.FAILED


def test_names_must_agree_even_where_signatures_hold() -> None:
    assert troubles(walk(made(replace(AK, issuer=name("device a")), AUTHORITY, TOP))) == [
        ("name-mismatch", "manufacturer/0")
    ]


NO_EXTENSIONS: tuple[bytes, ...] = ()
CRITICAL_PURPOSE = extension("2.5.29.54", writer.integer(0), critical=True)


@pytest.mark.parametrize(
    ("code", "links"),
    [
        (("wrong-role", 0), (replace(AK, extensions=ATTESTING[:1]), AUTHORITY, TOP)),
        (("wrong-role", 0), (replace(AK, extensions=ATTESTING[1:]), AUTHORITY, TOP)),
        (
            ("wrong-role", 0),
            (replace(AK, extensions=(extension(oids.KEY_USAGE, ISSUING), ATTESTING[1])), AUTHORITY, TOP),
        ),
        (("wrong-role", 0), (replace(AK, extensions=(*authority(usage=None), *ATTESTING)), AUTHORITY, TOP)),
        (("wrong-role", 1), (AK, replace(AUTHORITY, extensions=NO_EXTENSIONS), TOP)),
        (("wrong-role", 1), (AK, replace(AUTHORITY, extensions=authority(usage=SIGNING)), TOP)),
        (("wrong-role", 2), (AK, AUTHORITY, replace(TOP, extensions=NO_EXTENSIONS))),
        (("path-length-exceeded", 2), (AK, AUTHORITY, replace(TOP, extensions=authority(0)))),
        (("unknown-critical-extension", 0), (replace(AK, extensions=(*ATTESTING, CRITICAL_PURPOSE)), AUTHORITY, TOP)),
        (("unknown-critical-extension", 1), (AK, replace(AUTHORITY, extensions=(*authority(), CRITICAL_PURPOSE)), TOP)),
    ],
)
def test_each_position_has_its_role(code: tuple[str, int], links: tuple[Certified, ...]) -> None:
    assert troubles(walk(made(*links))) == [(code[0], f"manufacturer/{code[1]}")]


def test_an_attestation_key_cannot_issue_another() -> None:
    forged = Certified(label="ak-b", subject=name("forged"), extensions=ATTESTING)
    other = replace(DEVICE, label="b")
    certificates = chain(forged, *DEVICE.links())
    files = {
        "evidence.der": other.evidence(signer=Signer(certificate=certificates[0])),
        "chain.pem": pem(*certificates),
    }
    assert ("wrong-role", "manufacturer/1") in troubles(walk(read(files)))


def test_dates_give_two_answers() -> None:
    soon = replace(AK, not_after=AT + timedelta(days=1))
    result = walk(made(soon, AUTHORITY, TOP))
    assert troubles(result) == [("expired-now", "manufacturer/0")]
    assert (result.outcome(AsOf.DEPLOYMENT), result.outcome(AsOf.NOW)) == (Outcome.PROVEN, Outcome.FAILED)
    late = walk(read(DEVICE.files()), at=UNTIL + timedelta(seconds=1), now=UNTIL + timedelta(days=9))
    assert late.outcome(AsOf.DEPLOYMENT) is Outcome.FAILED
    assert ("expired-at-deployment", "manufacturer/1") in troubles(late)
    early = walk(read(DEVICE.files()), at=FROM - timedelta(seconds=1))
    assert ("not-yet-valid-at-deployment", "manufacturer/0") in troubles(early)
    assert early.outcome(AsOf.NOW) is Outcome.PROVEN


def test_no_fact_holds_the_clock_of_the_run() -> None:
    one = walk(read(DEVICE.files()), now=NOW)
    other = walk(read(DEVICE.files()), now=NOW + timedelta(days=300))
    assert one.findings == other.findings


def test_a_roots_own_dates_count_only_where_the_configuration_says_so() -> None:
    old = made(AK, AUTHORITY, replace(TOP, not_after=AT - timedelta(days=1)))
    assert troubles(walk(old)) == []
    assert troubles(walk(old, [anchor(judge_dates=True)])) == [
        ("expired-at-deployment", "manufacturer/2"),
        ("expired-now", "manufacturer/2"),
    ]
    left_out = made(*DEVICE.links(), tail=1)
    dated = anchor(judge_dates=True, not_after=AT - timedelta(days=1))
    assert ("expired-at-deployment", "manufacturer/anchor") in troubles(walk(left_out, [dated]))
    assert troubles(walk(left_out, [anchor(judge_dates=True)])) == []


def with_dates(attestation: Attestation, rule: DateRule) -> Attestation:
    (found,) = attestation.chains
    links = tuple(replace(link, rules=replace(link.rules, dates=rule)) for link in found.links)
    return replace(attestation, chains=(replace(found, links=links),))


def test_short_lived_certificates_are_judged_at_signing() -> None:
    brief = replace(AK, not_after=datetime(2026, 10, 31, 12, tzinfo=UTC))
    attestation = with_dates(made(brief, AUTHORITY, TOP), DateRule.AT_SIGNING)
    assert troubles(walk(attestation)) == []
    assert troubles(walk(replace(attestation, signed_at=UNTIL + timedelta(days=1)))) != []
    assert ("no-signing-time", "manufacturer/0") in troubles(walk(replace(attestation, signed_at=None)))
    assert troubles(walk(with_dates(attestation, DateRule.UNJUDGED), at=UNTIL + timedelta(days=1))) == []


def test_what_the_engine_cannot_do_says_nothing_against_the_evidence() -> None:
    result = run_to_completion(verify_chain(read(DEVICE.files()), [anchor()], BrokenEngine(), AT, NOW))
    assert {code for code, _ in troubles(result)} == {"engine-cannot"}
    assert result.outcome(AsOf.DEPLOYMENT) is Outcome.COULD_NOT_CHECK
    headless = run_to_completion(verify_chain(made(*DEVICE.links(), tail=1), [anchor()], BrokenEngine(), AT, NOW))
    assert ("engine-cannot", "manufacturer/anchor") in troubles(headless)


def test_an_algorithm_that_is_not_checked_cannot_pass() -> None:
    old = replace(AK, algorithm=writer.sequence(writer.oid(oids.ECDSA_WITH_SHA1)))
    assert troubles(walk(made(old, AUTHORITY, TOP))) == [("signature-algorithm", "manufacturer/0")]


def test_an_attestation_without_chain_fails() -> None:
    attestation = read(DEVICE.files())
    bare = replace(attestation, chains=())
    assert troubles(walk(bare)) == [("no-chain", "evidence"), ("no-chain", "pkix-evidence")]


def test_a_self_issued_certificate_in_the_middle_ends_no_chain() -> None:
    above = Certified(label="above", subject=name("Above"), extensions=authority())
    certificates = (*chain(*DEVICE.links()), *chain(above))
    found = troubles(walk(made(certificates=certificates)))
    assert ("unrecognised-root", "manufacturer/anchor") in found
    assert ("unsigned-link", "manufacturer/2") in found


def test_oddities_are_noted_and_decide_nothing() -> None:
    odd = replace(AUTHORITY, extensions=(*authority(0), writer.sequence(
        writer.oid("1.2.3"), writer.boolean(False), writer.octet_string(b"x")
    )))  # fmt: skip
    result = walk(made(AK, odd, TOP))
    assert troubles(result) == []
    noted = [finding for finding in result.findings if finding.code == "explicit-default"]
    assert [(finding.subject, finding.outcome) for finding in noted] == [("manufacturer/1", Outcome.NOTED)]


def test_findings_of_reading_count() -> None:
    lying = replace(DEVICE, serial="SN-other")
    result = walk(read(lying.files()))
    assert troubles(result) == [("serial-differs", "manufacturer/1")]


def proven(files: Mapping[str, bytes]) -> bool:
    """Whether files are read and everything in them holds."""
    try:
        attestation = read(files)
    except VaultproofError:
        return False
    return walk(attestation).outcome(AsOf.DEPLOYMENT) is Outcome.PROVEN


def flipped(data: bytes, position: int) -> bytes:
    return data[:position] + bytes([data[position] ^ 0x01]) + data[position + 1 :]


def test_flipped_bits_are_found_wherever_they_are() -> None:
    files = DEVICE.files()
    certificates = chain(*DEVICE.links())
    assert proven(files)
    data = files["evidence.der"]
    assert [at for at in range(0, len(data), 7) if proven({**files, "evidence.der": flipped(data, at)})] == []
    device = certificates[1]
    changed = {at: pem(certificates[0], flipped(device, at), certificates[2]) for at in range(0, len(device), 7)}
    assert [at for at, found in changed.items() if proven({**files, "chain.pem": found})] == []


def bare(attestation: Attestation, signer: str) -> Attestation:
    """The same attestation whose first link is a key alone, vouched for by a statement that ``signer`` signed."""
    (found,) = attestation.chains
    first = found.links[0]
    statement = b"this key is mine: " + first.key.raw
    signed = SignedBytes(message=statement, signature=sign(signer, statement), algorithm=Algorithm.ECDSA_P256_SHA256)
    links = (replace(first, certificate=None, signed=signed), *found.links[1:])
    return replace(attestation, chains=(replace(found, links=links),))


def test_a_link_may_be_a_key_that_a_signed_statement_vouches_for() -> None:
    attestation = bare(read(DEVICE.files()), "device-a")
    result = walk(attestation)
    assert troubles(result) == []
    assert result.endorsements[0].issuer is None
    assert troubles(walk(bare(read(DEVICE.files()), "device-b"))) == [("bad-signature", "manufacturer/0")]


def test_each_chain_and_statement_is_walked_under_its_own_name() -> None:
    attestation = read(DEVICE.files())
    (found,), (statement,) = attestation.chains, attestation.statements
    owner = replace(found, name="owner-card", purpose="owner")
    both = replace(
        attestation,
        chains=(found, owner),
        statements=(statement, replace(statement, name="again", chain="owner-card")),
    )
    assert set(both.anchor_candidates) == {"manufacturer", "owner-card"}
    assert troubles(walk(both)) == [("no-anchor", "owner-card/anchor")]
    result = walk(both, [anchor(), anchor(id="owner-root", purpose="owner")])
    assert troubles(result) == []
    assert {name: item.id for name, item in result.anchors.items()} == {
        "manufacturer": "test-root", "owner-card": "owner-root",
    }  # fmt: skip
