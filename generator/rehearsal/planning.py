"""From options to a plan: dates, HSMs, the log so far and the epochs that this deployment adds to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice, permutations

from generator.rehearsal.authorities import WITNESSES, signer_keys
from generator.rehearsal.derive import Seed
from generator.rehearsal.earlier import Earlier, read_earlier
from generator.rehearsal.firmware import FIRMWARE_2025, FIRMWARE_2026
from generator.rehearsal.fleet import CITIES, fleet_keys_file, plan_members, plan_sites
from generator.rehearsal.layers import TWO_LAYERS
from generator.rehearsal.making import make_files
from generator.rehearsal.options import WHATSAPP, RehearsalError, RehearsalOptions, check_options
from generator.rehearsal.plan import (
    AppPlan,
    CeremonyPlan,
    EpochPlan,
    KeyPlan,
    LayersPlan,
    LogPlan,
    MemberPlan,
    Plan,
    signer_key_at,
)
from generator.rehearsal.signer import NAMESPACE
from generator.rehearsal.statement import title
from vaultproof.attestation.pkix_evidence_profile import TECHNOLOGY
from vaultproof.evidence.deployment import OVER_THE_AIR, HistoryEntry
from vaultproof.evidence.files import sha256_hex

FOUNDING = RehearsalOptions(
    seed="REHEARSAL founding fleet",
    id="rehearsal-messenger-2025",
    deployed_at=datetime(2025, 4, 2, 9, tzinfo=UTC),
    epochs=1,
)
"""The deployment whose key file is the pinned root of the rehearsal namespace: every rehearsed log begins with it."""

EARLIEST = datetime(2025, 3, 1, tzinfo=UTC)
LATEST = datetime(2040, 1, 1, tzinfo=UTC)
"""Deployments lie between these: the rehearsal's keys and certificates are valid then."""

_DAY = timedelta(days=1)
_CEREMONY_BEFORE = 21 * _DAY
_FIRST_EPOCH_BEFORE = 14 * _DAY
_LAST_EPOCH_BEFORE = 2 * _DAY


def make_plan(options: RehearsalOptions) -> Plan:
    """The plan of a rehearsal without a fault.  Raises ``RehearsalError`` for what cannot be rehearsed."""
    check_options(options, cities=len(CITIES))
    seed = Seed(text=options.seed)
    over_the_air = options.kind == OVER_THE_AIR
    earlier = _earlier(options)
    when = options.deployed_at or _default_date(options, seed, earlier)
    if not EARLIEST <= when < LATEST:
        raise RehearsalError(f"deployed_at lies from {EARLIEST:%Y-%m-%d} to {LATEST:%Y-%m-%d}")
    sites = plan_sites(options.sites)
    firmware = FIRMWARE_2025 if when.year <= 2025 else FIRMWARE_2026
    members = plan_members(seed, options.id, options.members, sites, firmware)
    if options.two_layers:
        members = tuple(map(_in_two_layers, members))
    published = tuple(key for member in members for key in member.evidence.keys)
    return Plan(
        id=options.id,
        title=title(options.product, when.year),
        product=options.product,
        distribution=options.kind,
        deployed_at=when,
        supersedes=earlier.id if earlier else None,
        threshold=options.members // 2 + 1,
        members=members,
        sites=sites,
        published=published,
        technology=TWO_LAYERS if options.two_layers else TECHNOLOGY,
        ceremony=CeremonyPlan(
            witnesses=tuple(WITNESSES),
            deployment=options.id,
            held_at=(when - _CEREMONY_BEFORE).replace(hour=7, minute=30),
        ),
        log=_log(options, seed, when, published, earlier) if over_the_air else None,
        app=None if over_the_air else _app(options, published),
    )


def _in_two_layers(member: MemberPlan) -> MemberPlan:
    return replace(member, evidence=replace(member.evidence, layers=LayersPlan()))


@cache
def founding_artifact() -> bytes:
    """The first key file that the rehearsal's signer ever logged."""
    return fleet_keys_file(make_plan(FOUNDING).published)


@cache
def _founding() -> Earlier:
    return read_earlier(make_files(make_plan(FOUNDING)))


def _is_founding(options: RehearsalOptions) -> bool:
    return (options.id, options.seed) == (FOUNDING.id, FOUNDING.seed)


def _earlier(options: RehearsalOptions) -> Earlier | None:
    if _is_founding(options):
        if options != FOUNDING:
            raise RehearsalError(f"{FOUNDING.id} is pinned as it is: choose another id or seed")
        return None
    if options.previous is not None:
        return read_earlier(options.previous)
    return _founding() if options.kind == OVER_THE_AIR else None


def _default_date(options: RehearsalOptions, seed: Seed, earlier: Earlier | None) -> datetime:
    start = datetime(2026, 3, 2, 9, tzinfo=UTC) if options.kind == OVER_THE_AIR else datetime(2025, 6, 2, 9, tzinfo=UTC)
    when = start + seed.number(f"{options.id}/deployed-at", 120) * _DAY
    return when if earlier is None else max(when, earlier.deployed_at + 60 * _DAY)


def _app(options: RehearsalOptions, published: tuple[KeyPlan, ...]) -> AppPlan:
    return AppPlan(
        name="REHEARSAL chat app" if options.product == WHATSAPP else "REHEARSAL messenger app",
        version="2.25.14.76",
        platform="android",
        path="app/rehearsal-app.apk",
        keys=tuple(key.public for key in published),
    )


def _log(
    options: RehearsalOptions, seed: Seed, when: datetime, published: tuple[KeyPlan, ...], earlier: Earlier | None
) -> LogPlan:
    """The log so far, one epoch or more with the keys of both fleets, and the epoch of the new fleet alone."""
    if earlier is None or not earlier.epochs:
        earlier = None if _is_founding(options) else _founding()
    before = earlier.epochs if earlier else ()
    last = options.epochs or len(before) + 2
    if last <= len(before):
        raise RehearsalError(f"the log holds {len(before)} epochs already: epochs must be more")
    earlier_keys = earlier.keys if earlier else ()
    artifacts = plan_artifacts(earlier_keys, published, last - len(before))
    times = _times(options, seed, when, before[-1].timestamp if before else 0, len(artifacts))
    new = [
        EpochPlan(
            number=number,
            artifact=artifact,
            timestamp=time,
            namespace=NAMESPACE,
            key=signer_key_at(time) if number == last else signer_keys()[0],
        )
        for number, artifact, time in zip(range(len(before) + 1, last + 1), artifacts, times, strict=True)
    ]
    epochs = (*before, *new)
    history = earlier.history if earlier else ()
    return LogPlan(
        namespace=NAMESPACE,
        root=f"1/{sha256_hex(epochs[0].artifact)}",
        epochs=epochs,
        inherited=len(before),
        earlier_keys=earlier_keys,
        history=(*history, *(HistoryEntry(epoch=epoch.number, deployment=options.id) for epoch in new)),
    )


def plan_artifacts(earlier: Sequence[KeyPlan], published: Sequence[KeyPlan], count: int) -> list[bytes]:
    """The key files of a deployment's epochs: first those of both fleets, no two in one order; last its own alone."""
    orders = islice(permutations((*earlier, *published)), count - 1)
    return [*(fleet_keys_file(order) for order in orders), fleet_keys_file(published)]


def _times(options: RehearsalOptions, seed: Seed, when: datetime, after: int, count: int) -> list[int]:
    """``count`` rising instants in milliseconds, the last one two days before the deployment."""
    end = _milliseconds(when - _LAST_EPOCH_BEFORE)
    start = max(_milliseconds(when - _FIRST_EPOCH_BEFORE), after + 1000)
    gap = (end - start) // max(1, count)
    if gap < 2000:
        raise RehearsalError("deployed_at leaves no time after the log's last epoch")
    odd = [seed.number(f"{options.id}/epoch/{index}/milliseconds", 1000) for index in range(count)]
    return [end - gap * (count - 1 - index) + odd[index] for index in range(count)]


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * 1000
