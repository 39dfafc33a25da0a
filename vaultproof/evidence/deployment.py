"""``deployment.json``: what the operator says.  Every fact here is a statement until a step shows it."""

from __future__ import annotations

from datetime import datetime

from vaultproof.evidence.files import DEPLOYMENT
from vaultproof.frozen import frozen
from vaultproof.strict.json import loads
from vaultproof.strict.records import Reader

OVER_THE_AIR = "over-the-air"
HARDCODED = "hardcoded"
ID_PATTERN = r"[a-z0-9]+(-[a-z0-9]+)*"
_NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._-]*"


@frozen
class Member:
    """One HSM as announced: its folder name under ``attestations/``, serial number, site, and the roles it holds."""

    name: str
    serial: str
    site: str
    holds: tuple[str, ...]


@frozen
class Site:
    """A place that holds members, and who says so (``operator-statement``, ``auditor-statement``, ``vendor-chain``)."""

    id: str
    name: str
    source: str


@frozen
class HistoryEntry:
    """Which published deployment an epoch of the signer's log belongs to."""

    epoch: int
    deployment: str


@frozen
class App:
    """The app package that carries the keys: its path under ``app/`` if published, and its SHA-256 (hex)."""

    name: str
    version: str
    platform: str
    path: str | None
    sha256: str


@frozen
class Deployment:
    """What the operator announced.

    ``deployed_at`` is the instant that "as of the deployment" means; ``threshold`` the majority needed to act;
    ``promises`` the optional steps that the announcement promised; ``namespace``, ``epoch`` and ``history`` are set
    for over-the-air deployments, ``app`` for hardcoded ones.
    """

    id: str
    rehearsal: bool
    title: str
    product: str
    distribution: str
    procedure: str
    operator: str
    deployed_at: datetime
    supersedes: str | None
    technology: str
    threshold: int
    members: tuple[Member, ...]
    sites: tuple[Site, ...]
    promises: tuple[str, ...]
    namespace: str | None
    epoch: int | None
    history: tuple[HistoryEntry, ...]
    app: App | None


def read_deployment(data: bytes) -> Deployment:
    """A typed deployment record from its bytes.  Raises ``Malformed``, or ``Unsupported`` when its schema is newer."""
    reader = Reader(loads(data, file=DEPLOYMENT), file=DEPLOYMENT)
    reader.schema("deployment")
    distribution = reader.choice("distribution", (OVER_THE_AIR, HARDCODED))
    over_the_air = distribution == OVER_THE_AIR
    record = Deployment(
        id=reader.text("id", maximum=80, pattern=ID_PATTERN),
        rehearsal=reader.boolean("rehearsal"),
        title=reader.text("title", maximum=200),
        product=reader.text("product", maximum=80),
        distribution=distribution,
        procedure=reader.text("procedure", maximum=20, pattern=r"[0-9]{4}-[0-9]{2}"),
        operator=reader.text("operator", maximum=80, pattern=ID_PATTERN),
        deployed_at=reader.time("deployed_at"),
        supersedes=reader.optional_text("supersedes", maximum=80, pattern=ID_PATTERN),
        technology=reader.text("technology", maximum=80, pattern=ID_PATTERN),
        threshold=reader.integer("threshold", minimum=1, maximum=1000),
        members=tuple(_member(item) for item in reader.objects("members", maximum=100)),
        sites=tuple(_site(item) for item in reader.objects("sites", maximum=1000)),
        promises=_promises(reader),
        namespace=reader.text("namespace", maximum=200) if over_the_air else None,
        epoch=reader.integer("epoch", minimum=1) if over_the_air else None,
        history=tuple(_history(item) for item in reader.objects("history")) if over_the_air else (),
        app=None if over_the_air else _app(reader.object("app")),
    )
    reader.done()
    _check_members(reader, record)
    return record


def _member(reader: Reader) -> Member:
    member = Member(
        name=reader.text("name", maximum=60, pattern=_NAME_PATTERN),
        serial=reader.text("serial", maximum=120),
        site=reader.text("site", maximum=60, pattern=_NAME_PATTERN),
        holds=reader.texts("holds", maximum=100),
    )
    reader.done()
    if not member.holds:
        raise reader.wrong("holds", "at least one role", [])  # else no step could compare what the member attests
    return member


def _site(reader: Reader) -> Site:
    site = Site(
        id=reader.text("id", maximum=60, pattern=_NAME_PATTERN),
        name=reader.text("name", maximum=120),
        source=reader.choice("source", ("operator-statement", "auditor-statement", "vendor-chain")),
    )
    reader.done()
    return site


def _history(reader: Reader) -> HistoryEntry:
    entry = HistoryEntry(
        epoch=reader.integer("epoch", minimum=1), deployment=reader.text("deployment", maximum=80, pattern=ID_PATTERN)
    )
    reader.done()
    return entry


def _app(reader: Reader) -> App:
    app = App(
        name=reader.text("name", maximum=80),
        version=reader.text("version", maximum=40),
        platform=reader.text("platform", maximum=40),
        path=reader.optional_text("path", pattern=r"app/[A-Za-z0-9._/-]+"),
        sha256=reader.hex("sha256", length=32).hex(),
    )
    reader.done()
    return app


def _promises(reader: Reader) -> tuple[str, ...]:
    promised = reader.texts("promises", maximum=10)
    for index, promise in enumerate(promised):
        if promise not in ("ceremony", "evidence-log"):
            raise reader.wrong(f"promises/{index}", "ceremony or evidence-log", promise)
    return promised


def _check_members(reader: Reader, record: Deployment) -> None:
    """Names are unique and every member stands at an announced site."""
    if not record.members:
        raise reader.wrong("members", "at least one member", [])
    names = [member.name.casefold() for member in record.members]
    sites = [site.id for site in record.sites]
    for index, member in enumerate(record.members):
        if names.index(member.name.casefold()) != index:
            raise reader.wrong(f"members/{index}/name", "a name of its own", member.name)
        if member.site not in sites:
            raise reader.wrong(f"members/{index}/site", "an id listed under sites", member.site)
    if len(set(sites)) != len(sites):
        raise reader.wrong("sites", "sites with ids of their own", sites)
