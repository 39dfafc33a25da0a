"""The plan of a rehearsal: every decision as a value, before any byte is made.

Faults are planted by changing a plan, so that everything that follows from the change is made anew and stays
consistent: digests, signatures, the manifest.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from generator.rehearsal.authorities import SignerKey, signer_keys
from generator.rehearsal.firmware import Firmware
from vaultproof.evidence.deployment import HistoryEntry, Site

ROLE = "session"
"""The one role of fleet keys in a rehearsal: a client opens its session under a key of this role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPlan:
    """A key inside an HSM, and what the HSM says of it.

    ``public`` is the key as it is published: the 32 bytes of an X25519 key, or another key as DER SubjectPublicKeyInfo
    where another maker's HSMs attest.
    """

    public: bytes
    role: str = ROLE
    local: bool = True
    extractable: bool = False
    never_extractable: bool = True
    sensitive: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LayersPlan:
    """How the two layers of one HSM's attestation hang together; everything but the default is a fault.

    ``other_key``: the maker attests another key than the one that signs; ``stray_owner``: the key's certificate is by
    another authority than the operator's; ``serial``: what the program says, where that is another serial number than
    the maker's; ``exportable``: the key may leave the HSM; ``foreign``: it was made elsewhere.
    """

    other_key: bool = False
    stray_owner: bool = False
    serial: str | None = None
    exportable: bool = False
    foreign: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidencePlan:
    """What one HSM attests.

    ``device`` is the label that the device's own keys derive from; ``serial`` what it claims; ``keys`` the keys it
    speaks of; ``layers`` is there where it does so in two layers. The rest is for faults: ``stray_root`` (its
    maker's root is not the pinned one), ``stray_signature`` (signed by a key that is not the one of its
    certificate), ``debug``, ``nonce`` (in place of the right one), ``expired`` (its certificates ended before the
    deployment), ``certified`` (the serial number in the device's certificate where that is another one),
    ``own_time`` (what its clock says in place of the right time), ``user_key`` (its attestation key is one that
    users made), ``measured`` (False: it states a version alone).
    """

    device: str
    serial: str
    firmware: Firmware
    keys: tuple[KeyPlan, ...]
    layers: LayersPlan | None = None
    stray_root: bool = False
    stray_signature: bool = False
    debug: bool = False
    nonce: bytes | None = None
    expired: bool = False
    certified: str | None = None
    own_time: datetime | None = None
    user_key: bool = False
    measured: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberPlan:
    """One HSM as announced (``serial``, ``site``, ``holds``) and what it attests."""

    name: str
    serial: str
    site: str
    holds: tuple[str, ...]
    evidence: EvidencePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochPlan:
    """One epoch of the signer's log.

    ``artifact`` is the bundle that was logged, ``timestamp`` milliseconds since 1970, ``record`` the record's exact
    bytes where they come from an earlier rehearsal.  ``namespace``, ``digest``, ``claimed`` (an epoch number),
    ``key_id``, ``serialized`` and ``broken`` (a changed bit in the signature) differ from the usual in faults only.
    """

    number: int
    artifact: bytes
    timestamp: int
    namespace: str
    key: SignerKey
    record: bytes | None = None
    digest: bytes | None = None
    claimed: int | None = None
    key_id: int | None = None
    serialized: bytes | None = None
    broken: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterPlan:
    """How the operator counter-signs; everything but the default is a fault.

    ``absent``: not at all; ``stray``: by a key that is not pinned, whose id is named truthfully, or falsely when
    ``misnamed``; ``over``: the signer's ``signature`` bytes, or their ``text`` in hexadecimal.
    """

    absent: bool = False
    stray: bool = False
    misnamed: bool = False
    over: str = "signature"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPlan:
    """The log up to this deployment: its epochs in order, the namespace's root as the signer's API names it.

    ``inherited`` counts the epochs that earlier deployments logged, whose last keys are ``earlier_keys``.  In faults
    only, ``logged`` is the record that the log shows for the last epoch in place of the one in the proof, and
    ``beyond`` one after it.
    """

    namespace: str
    root: str
    epochs: tuple[EpochPlan, ...]
    inherited: int
    earlier_keys: tuple[KeyPlan, ...]
    counter: CounterPlan = CounterPlan()
    logged: EpochPlan | None = None
    beyond: EpochPlan | None = None
    history: tuple[HistoryEntry, ...] = ()

    @property
    def last(self) -> EpochPlan:
        """This deployment's own epoch."""
        return self.epochs[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class CeremonyPlan:
    """Who signs the ceremony record, and what a fault changes.

    ``deployment`` is the one that the record speaks of; ``rewritten`` is the number of an entry that was changed after
    the next one was chained to it; ``other_material`` is a file that was another one then, ``left_out`` one that the
    record does not name; ``stray_witness`` signs with another key than the pinned one, ``silent_witness``
    not at all.
    """

    witnesses: tuple[str, ...]
    deployment: str
    held_at: datetime
    rewritten: int | None = None
    other_material: str | None = None
    left_out: str | None = None
    stray_witness: str | None = None
    silent_witness: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppPlan:
    """The app package of a hardcoded fleet: the keys that it carries."""

    name: str
    version: str
    platform: str
    path: str
    keys: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything about one rehearsal.

    ``members`` are announced; ``unannounced`` have attestations and are not in the record (a fault); ``published`` are
    the keys of ``bundle/fleet-keys.json``; ``technology`` is the kind of attestation; ``log`` is None for a
    hardcoded fleet, ``app`` for one over the air.
    """

    id: str
    title: str
    product: str
    distribution: str
    deployed_at: datetime
    supersedes: str | None
    threshold: int
    members: tuple[MemberPlan, ...]
    sites: tuple[Site, ...]
    published: tuple[KeyPlan, ...]
    technology: str
    ceremony: CeremonyPlan
    log: LogPlan | None
    app: AppPlan | None
    unannounced: tuple[MemberPlan, ...] = ()

    @property
    def attesting(self) -> tuple[MemberPlan, ...]:
        """All HSMs with attestations, announced or not."""
        return self.members + self.unannounced


def signer_key_at(timestamp: int) -> SignerKey:
    """The newest key of the signer that is valid at ``timestamp`` (milliseconds)."""
    return max((key for key in signer_keys() if key.not_before <= timestamp), key=lambda key: key.not_before)
