"""The certificates of a Marvell HSM, put into order: a maker's chain, and the owner's word for the same two keys.

The maker: root -> card -> partition.  The owner of the card (Google): root -> card, and root -> partition, both at
once.  The blob is signed by the partition's key, which both must certify.  Azure's owner certifies the partition alone.

Maker's certificates have no extensions; the card's is a version 1 certificate that acts as an authority, and their
serial numbers are 1.  So what a certificate is follows from its place and its name, which is
``HSM:<device>, for FIPS mode`` for a card and ``HSM:<device>:PARTN:<number>, for FIPS mode`` for a partition.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from vaultproof.attestation.adapter import Authority, Chain, DateRule, LinkRules, Role
from vaultproof.attestation.anchors import MANUFACTURER, OWNER
from vaultproof.attestation.findings import Finding
from vaultproof.attestation.placed import Placed, agreement
from vaultproof.errors import Malformed, Unavailable, Unsupported
from vaultproof.frozen import frozen

OWNER_CARD = "owner-card"
"""Name of the chain from the owner's root to the card, beside ``owner``, which goes to the partition."""

_UNSTATED = LinkRules(authority=Authority.UNSTATED)
_SIGNING = LinkRules(authority=Authority.FORBIDDEN, key_usage=frozenset({"digitalSignature"}))
_LEAF = LinkRules(authority=Authority.FORBIDDEN)
_ROOT = LinkRules(authority=Authority.UNSTATED, dates=DateRule.UNJUDGED)
_NAME = re.compile(
    r"HSM:(?P<device>[0-9A-Za-z.-]{1,64})(?::PARTN:(?P<partition>[0-9]{1,3}))?(?:, for [A-Za-z -]{1,30})?"
)


@frozen
class DeviceName:
    """What a certificate's common name says: the device, and the partition unless it is the card's own."""

    device: str
    partition: str | None


@frozen
class Certificates:
    """Each certificate in its place; roots, and the owner's word for the card, may be left out."""

    card: Placed
    partition: Placed
    root: Placed | None
    owner_partition: Placed
    owner_card: Placed | None
    owner_root: Placed | None


def device_name(placed: Placed) -> DeviceName:
    """The device that a certificate names.  Raises ``Unsupported("subject-form")`` for a name of another form."""
    matched = _NAME.fullmatch(placed.common_name)
    if matched is None:
        raise Unsupported(
            "subject-form", "a certificate's name is not one of a card or partition", file=placed.place.file,
            expected="HSM:..., or HSM:...:PARTN:...", found=placed.certificate.subject.text[:120],
        )  # fmt: skip
    return DeviceName(device=matched["device"], partition=matched["partition"])


def arrange(certificates: Sequence[Placed], *, owner_card: bool) -> Certificates:
    """Every certificate in its one place; ``owner_card`` says that the owner must have certified the card too.

    Raises ``Unavailable("chain-incomplete")`` for a missing one, ``Malformed("ambiguous-chain")`` when two fit one
    place or one fits none, ``Unsupported`` for names of another form.
    """
    roots = [placed for placed in certificates if placed.certificate.self_issued]
    others = [placed for placed in certificates if not placed.certificate.self_issued]
    cards = [placed for placed in others if device_name(placed).partition is None]
    partitions = [placed for placed in others if device_name(placed).partition is not None]
    subjects = {placed.certificate.subject.raw for placed in cards}
    partition = _one([item for item in partitions if item.certificate.issuer.raw in subjects], "the maker's partition")
    owner_partition = _one([item for item in partitions if item is not partition], "the owner's partition")
    owner_name = owner_partition.certificate.issuer.raw
    by_owner = [item for item in cards if item.certificate.issuer.raw == owner_name]
    card = _one([item for item in cards if item not in by_owner], "the maker's card")
    wants_card = owner_card or bool(by_owner)
    arranged = Certificates(
        card=card,
        partition=partition,
        root=_root(roots, card),
        owner_partition=owner_partition,
        owner_card=_one(by_owner, "the owner's card") if wants_card else None,
        owner_root=_root(roots, owner_partition),
    )
    for root in roots:
        if root is not arranged.root and root is not arranged.owner_root:
            raise _ambiguous("a root that no chain ends in", root)
    return arranged


def _one(found: Sequence[Placed], what: str) -> Placed:
    if not found:
        raise Unavailable("chain-incomplete", "a certificate is missing", expected=f"{what} certificate")
    if len(found) > 1:
        raise _ambiguous(f"one certificate for {what}", found[1])
    return found[0]


def _root(roots: Sequence[Placed], top: Placed) -> Placed | None:
    found = [root for root in roots if root.certificate.subject.raw == top.certificate.issuer.raw]
    if len(found) > 1:
        raise _ambiguous("one root for a chain", found[1])
    return found[0] if found else None


def _ambiguous(expected: str, placed: Placed) -> Malformed:
    return Malformed(
        "ambiguous-chain", "the certificates do not fit the places that there are", file=placed.place.file,
        expected=expected, found=placed.certificate.subject.text[:120],
    )  # fmt: skip


def chains_of(found: Certificates, *, owner_states_usage: bool) -> tuple[Chain, ...]:
    """The chains: the maker's to the partition, the owner's to the partition, and the owner's to the card."""
    owned = _SIGNING if owner_states_usage else _LEAF
    root, owner_root = (
        () if placed is None else (placed.link(Role.ROOT, _ROOT),) for placed in (found.root, found.owner_root)
    )
    maker = (found.partition.link(Role.ATTESTATION_KEY, _LEAF), found.card.link(Role.DEVICE, _UNSTATED))
    owner = found.owner_partition.link(Role.ATTESTATION_KEY, owned)
    chains = [
        Chain(name=MANUFACTURER, purpose=MANUFACTURER, links=(*maker, *root)),
        Chain(name=OWNER, purpose=OWNER, links=(owner, *owner_root)),
    ]
    if found.owner_card is not None:
        card = found.owner_card.link(Role.DEVICE, owned)
        chains.append(Chain(name=OWNER_CARD, purpose=OWNER, links=(card, *owner_root)))
    return tuple(chains)


def binding_findings(found: Certificates) -> Iterator[Finding]:
    """Whether maker and owner certify the same two keys under the same names, and the names fit each other."""
    yield _same_key("partition-key", OWNER, found.partition, found.owner_partition)
    yield _same_name(OWNER, found.partition, found.owner_partition)
    if found.owner_card is not None:
        yield _same_key("card-key", OWNER_CARD, found.card, found.owner_card)
        yield _same_name(OWNER_CARD, found.card, found.owner_card)
    yield agreement(
        "serial", MANUFACTURER, device_name(found.card).device, device_name(found.partition).device,
        found.partition.source,
    )  # fmt: skip


def _same_key(name: str, subject: str, maker: Placed, owner: Placed) -> Finding:
    return agreement(
        name, subject, maker.certificate.public_key.sha256, owner.certificate.public_key.sha256, owner.source
    )


def _same_name(subject: str, maker: Placed, owner: Placed) -> Finding:
    return agreement(
        "device-name", subject, maker.certificate.subject.text, owner.certificate.subject.text, owner.source
    )
