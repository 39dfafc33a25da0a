"""``vaultproof log fetch``: bring the mirror up to what the log holds now."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vaultproof.cli.exit_codes import ExitCode
from vaultproof.cli.log.counting import Counting
from vaultproof.cli.log.parameters import namespace_value, store_option
from vaultproof.cli.parameters import trust_option

if TYPE_CHECKING:
    from vaultproof.mirror.client import Patience
    from vaultproof.mirror.sources import SourceOutcome
    from vaultproof.mirror.store import Store
    from vaultproof.trust.configuration import Namespace


@click.command("fetch", short_help="Copy what is new in the log.")
@click.argument("namespace", metavar="NAMESPACE", callback=namespace_value)
@click.option("--url", metavar="URL", help="Where the log is; by default where its signer says.")
@store_option
@click.option(
    "--artifacts",
    metavar="DIR_OR_URL",
    multiple=True,
    help="Where artifacts and counter-signatures are: a folder (of deployments, say), or an address of artifacts with "
    "{epoch} or {digest} in it. May be given several times.",
)
@click.option("--counter-signatures", metavar="URL", multiple=True, help="An address of proofs, likewise.")
@click.option("--first", metavar="N", type=click.IntRange(1), help="The first epoch; by default the pinned one.")
@click.option(
    "--newest",
    metavar="N",
    type=click.IntRange(0, 10_000),
    default=16,
    show_default=True,
    help="How many of the newest epochs to read again.",
)
@click.option(
    "--sample",
    metavar="N",
    type=click.IntRange(0, 100_000),
    default=32,
    show_default=True,
    help="How many older epochs to read again, others each time.",
)
@click.option(
    "--at-most",
    metavar="N",
    type=click.IntRange(1),
    default=5_000_000,
    show_default=True,
    help="How many missing epochs to ask for in one run.",
)
@click.option(
    "--connections",
    metavar="N",
    type=click.IntRange(1, 16),
    default=4,
    show_default=True,
    help="How many questions may be under way at once.",
)
@click.option(
    "--attempts",
    metavar="N",
    type=click.IntRange(1, 20),
    default=4,
    show_default=True,
    help="How often to ask before giving up on a question.",
)
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(0.1, 600),
    default=20,
    show_default=True,
    help="How long to wait for an answer; three times as long until it is complete.",
)
@click.option(
    "--brought", is_flag=True, help="Ask for every epoch that is known from an imported copy alone, not only the open."
)
@trust_option
def command(
    namespace: str,
    url: str | None,
    store: Path,
    artifacts: tuple[str, ...],
    counter_signatures: tuple[str, ...],
    first: int | None,
    newest: int,
    sample: int,
    at_most: int,
    connections: int,
    attempts: int,
    timeout: float,
    brought: bool,
    trust: Path | None,
) -> ExitCode:
    """Copy every record of NAMESPACE that is not in the mirror yet, and look whether the past is as it was.

    Every answer is kept as it came, with time and origin, and none is ever overwritten. A run that was stopped goes on
    where it was.

    Exit codes: 0 all of it is here and as before, 2 could not check. Whether the log contradicts itself is for
    'vaultproof log audit' to say.
    """  # fmt: skip
    from vaultproof.cli.log.fetch_text import say_fetch
    from vaultproof.mirror.addresses import check_address
    from vaultproof.mirror.client import Client, Patience
    from vaultproof.mirror.fetch import FetchPlan, fetch
    from vaultproof.mirror.store import Store

    pinned = pinned_namespace(namespace, trust)
    address = url or log_address(namespace, pinned, trust)
    address_value("--url", address, check_address)
    patience = Patience(attempts=attempts, read=timeout, connect=min(timeout, 10), total=3 * timeout)
    plan = FetchPlan(namespace=namespace, first=first or (pinned.root_epoch if pinned else None), newest=newest,
                     sample=sample, connections=connections, most=at_most, brought=brought)  # fmt: skip
    sources = read_sources(artifacts, counter_signatures)
    client = Client(address, patience=patience, connections=connections)
    counting = Counting(f"records of {namespace}")
    try:
        with Store.open(store, create=True) as mirror:
            try:
                outcome = fetch(client, mirror, plan, progress=lambda far: counting(far.done, far.total))
            finally:
                counting.clear()
            found = [take_source(mirror, namespace, source, patience) for source in sources]
            return say_fetch(outcome, found, mirror, client.address)
    finally:
        client.close()


def pinned_namespace(namespace: str, trust: Path | None) -> Namespace | None:
    """The pin of a namespace, for real fleets or for rehearsals, if there is one."""
    from vaultproof.cli.sources import load_trust

    both = load_trust(trust)
    return both.select(rehearsal=False).namespace(namespace) or both.select(rehearsal=True).namespace(namespace)


def log_address(namespace: str, pinned: Namespace | None, trust: Path | None) -> str:
    """Where the log of a namespace is said to be.  Raises a usage error where nobody says."""
    from vaultproof.cli.sources import load_logs

    known = load_logs(trust).address(pinned.signer) if pinned is not None else None
    if known is None:
        raise click.UsageError(f"it is not known where the log of {namespace} is: give --url")
    return known.url


def read_sources(artifacts: tuple[str, ...], proofs: tuple[str, ...]) -> list[tuple[str, str]]:
    """Each source with what it holds; what cannot be an address is refused before anything is asked."""
    from vaultproof.mirror.answer import Resource
    from vaultproof.mirror.sources import read_template

    sources = [(place, Resource.ARTIFACT.value) for place in artifacts]
    sources += [(place, Resource.COUNTER_SIGNATURE.value) for place in proofs]
    for place, resource in sources:
        if _is_address(place) or resource != Resource.ARTIFACT:
            option = "--artifacts" if resource == Resource.ARTIFACT else "--counter-signatures"
            address_value(option, place, read_template)
    return sources


def address_value(option: str, value: str, read: Callable[[str], object]) -> None:
    """Refuse what cannot be an address as a slip of the hand: it says nothing about any log."""
    from vaultproof.errors import Malformed

    try:
        read(value)
    except Malformed as error:
        raise click.UsageError(f"{option}: {error.message}; expected {error.expected}; found {error.found}") from None


def _is_address(place: str) -> bool:
    return "://" in place


def take_source(
    mirror: Store, namespace: str, source: tuple[str, str], patience: Patience
) -> tuple[str, SourceOutcome]:
    """Take what a second source has; the source's name and what came of it."""
    from vaultproof.mirror.answer import Resource
    from vaultproof.mirror.client import Client
    from vaultproof.mirror.sources import read_template, take_addresses, take_folder

    place, resource = source
    if not _is_address(place):
        return place, take_folder(mirror, namespace, Path(place))
    template = read_template(place)
    client = Client(template.base, patience=patience)
    try:
        return place, take_addresses(client, mirror, namespace, template, Resource(resource))
    finally:
        client.close()
