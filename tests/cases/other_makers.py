"""REHEARSAL fleets whose HSMs attest in the format of another maker than the rehearsal's, for cases about that format.

Everything else is a usual rehearsal: ceremony, log and signatures are made for these attestations, so that nothing but
the planted trap is wrong.  The makers are those of the unit tests, with keys that anybody can derive; the case's own
trust changes pin their roots, and no file of a genuine device is here.  A trap is planted in every HSM alike.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.asymmetric import ec

from generator.rehearsal import RehearsalOptions
from generator.rehearsal.authorities import spki
from generator.rehearsal.ceremony import attested_at
from generator.rehearsal.derive import Seed
from generator.rehearsal.faults.base import republished
from generator.rehearsal.making import make_files, with_manifest
from generator.rehearsal.plan import KeyPlan, MemberPlan, Plan
from generator.rehearsal.planning import make_plan
from tests.unit.attestation import makers, marvell
from tests.unit.attestation.marvell import NO, YES, Attributes, Card
from tests.unit.attestation.securosys import DECLARATION, FIELDS, FLAGS, Hsm, element, elements
from vaultproof.attestation import marvell_liquidsecurity, securosys_claims
from vaultproof.attestation.marvell_claims import (
    CLASS,
    EKCV,
    EXTRACTABLE,
    NEVER_EXTRACTABLE,
    PUBLIC_VALUE,
    PURPOSES,
)
from vaultproof.attestation.marvell_envelope import CHAIN_FILE, PLAIN_FILE
from vaultproof.strict.encodings import format_time

OPTIONS = RehearsalOptions(seed="cases", id="rehearsal-case", members=3, sites=1)

Files = Mapping[str, bytes]
Trap = Callable[["Attester"], Files]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attester:
    """One HSM that attests: its serial number, its number from 1, its session key (DER), and when it attests."""

    serial: str
    number: int
    key: bytes
    time: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """How a maker numbers its HSMs, what an honest one attests, and what one does that carries a trap, by its name."""

    serial: Callable[[MemberPlan, int], str]
    honest: Trap
    traps: Mapping[str, Trap]


def rehearse_as(technology: str, trap: str | None = None) -> dict[str, bytes]:
    """All files of a deployment whose HSMs attest in that technology.  Raises ``KeyError`` for a name that is none."""
    maker = MAKERS[technology]
    made_by = maker.honest if trap is None else maker.traps[trap]
    plan = make_plan(OPTIONS)
    members = tuple(_member(maker, member, number) for number, member in enumerate(plan.members, start=1))
    published = [key for member in members for key in member.evidence.keys]
    plan = republished(replace(plan, technology=technology, members=members), published)

    def attest(plan: Plan, member: MemberPlan, order: int) -> Files:
        (key,) = member.evidence.keys
        time = format_time(attested_at(plan, order))
        return made_by(Attester(serial=member.serial, number=order + 1, key=key.public, time=time))

    return with_manifest(plan.id, make_files(plan, attest))


def _member(maker: Maker, member: MemberPlan, number: int) -> MemberPlan:
    """The member with the maker's serial number and a P-256 key: these makers' HSMs know no X25519."""
    serial = maker.serial(member, number)
    key = Seed(text=OPTIONS.seed).ec(f"{OPTIONS.id}/hsm/{number}/session-key", ec.SECP256R1())
    evidence = replace(member.evidence, serial=serial, keys=(KeyPlan(public=spki(key.public_key())),))
    return replace(member, serial=serial, evidence=evidence)


# --- Marvell LiquidSecurity -------------------------------------------------------------------------------------------


def _card(attester: Attester) -> Card:
    card, partition = f"rehearsal card {attester.number}", f"rehearsal partition {attester.number}"
    key = {PUBLIC_VALUE: attester.key[-65:], EKCV: hashlib.sha256(attester.key).digest()}
    purposes = {number: YES if purpose == "derive" else NO for number, purpose in PURPOSES.items()}
    return Card(
        device=attester.serial, card=card, owner_card=card, partition=partition, owner_partition=partition,
        maker="rehearsal maker", owner="rehearsal owner", public={**marvell.public_attributes(), **key},
        private={**marvell.private_attributes(), **key, **purposes},
    )  # fmt: skip


def _card_files(card: Card) -> Files:
    """The files unpacked, so that no version of zlib has a say in their bytes; with the roots, pinned by digest."""
    roots = (marvell.root(card.maker, marvell.MAKER), marvell.root(card.owner, marvell.OWNER))
    return {PLAIN_FILE: card.blob(), CHAIN_FILE: makers.pem(*card.certificates(), *roots)}


def _numbers_in_both_orders(attester: Attester) -> Files:
    """The key may leave the HSM.  Under each number with its bytes turned round stands what a reader wants to see."""
    card = _card(attester)
    truth = {**card.private, EXTRACTABLE: YES, NEVER_EXTRACTABLE: NO}
    return _card_files(
        replace(card, public={**card.public, **_turned(card.public)}, private={**truth, **_turned(card.private)})
    )


def _turned(attributes: Attributes) -> Attributes:
    """The attributes under numbers whose bytes are turned round; the one that reads alike both ways is left out."""
    return {turned(number): value for number, value in attributes.items() if turned(number) != number}


def turned(number: int) -> int:
    """A number of four bytes, read in the other order."""
    return int.from_bytes(number.to_bytes(4, "big"), "little")


def _class_in_the_other_order(attester: Attester) -> Files:
    """No private key: an object of class 0x03000000, which is 3 (a private key) to who reads it in the other order."""
    card = _card(attester)
    return _card_files(replace(card, private={**card.private, CLASS: b"\x03\x00\x00\x00"}))


# --- Securosys Primus -------------------------------------------------------------------------------------------------

_LEAVES = {"extractable": "true", "never_extractable": "false"}
"""What the HSM says of a key that may leave it."""


def _hsm(attester: Attester) -> Hsm:
    return Hsm(
        serial=attester.serial, root="rehearsal root", root_name="REHEARSAL PRIMUS ROOT",
        device=f"rehearsal device {attester.number}", attestation=f"rehearsal attestation {attester.number}",
        fields={
            **FIELDS, "label": "REHEARSAL session key", "create_time": attester.time, "attest_time": attester.time,
            "public_key": base64.b64encode(attester.key).decode(),
        },
        flags={**FLAGS, "sign": "false"},
    )  # fmt: skip


def _two_of_a_kind(attester: Attester) -> Files:
    """The key may leave the HSM; before and behind the attributes that say so stand others that do not.  All signed."""
    hsm = _hsm(attester)
    wanted, truth = (element("attributes", elements(flags)) for flags in (hsm.flags, {**hsm.flags, **_LEAVES}))
    return hsm.files((DECLARATION + hsm.record().replace(wanted, wanted + truth + wanted)).encode())


def _wrapped(attester: Attester) -> Files:
    """The key may leave the HSM, and the HSM signed that.  Its record stands inside another one that nobody signed."""
    hsm = _hsm(attester)
    signed = replace(hsm, flags={**hsm.flags, **_LEAVES}).record()
    outside = DECLARATION + hsm.record(after=element("original", "\n" + signed))
    return hsm.files(outside.encode(), signed=signed.encode())


MAKERS: Mapping[str, Maker] = {
    marvell_liquidsecurity.TECHNOLOGY: Maker(
        serial=lambda member, _: member.serial,
        honest=lambda attester: _card_files(_card(attester)),
        traps={
            "numbers-in-both-orders": _numbers_in_both_orders,
            "class-in-the-other-order": _class_in_the_other_order,
        },
    ),
    securosys_claims.TECHNOLOGY: Maker(
        serial=lambda _, number: f"{number:08d}",
        honest=lambda attester: _hsm(attester).files(),
        traps={"two-of-a-kind": _two_of_a_kind, "wrapped": _wrapped},
    ),
}
"""The makers by technology."""
