"""Which signer's keys, and which pins, the records of a namespace are checked against."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from vaultproof.cli.sources import load_trust
from vaultproof.report import Scope
from vaultproof.signer_log.answers import Root
from vaultproof.signer_log.walk import Expected
from vaultproof.trust.configuration import TrustSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins:
    """What is pinned: the expectation, whether the namespace itself is pinned, and in which configuration."""

    expected: Expected
    pinned: bool
    scope: Scope
    trust_digest: str

    @property
    def rehearsal(self) -> bool:
        """Whether this is a rehearsal's log."""
        return self.scope is Scope.REHEARSAL


def load_pins(namespace: str, trust: Path | None, *, signer: str | None = None) -> Pins:
    """The pins for a namespace, production before rehearsal.

    ``signer`` names whose log it is, for a namespace that is not pinned; without it the only signer for real fleets is
    taken.  Raises as ``load_trust``, and a usage error when it cannot be told whose log it is.
    """
    both = load_trust(trust)
    for configuration in (both.production, both.rehearsal):
        pin = configuration.namespace(namespace)
        if pin is None:
            continue
        if signer not in (None, pin.signer):
            message = f"{namespace} is pinned as a namespace of {pin.signer!r}"
            raise click.BadParameter(message, param_hint="'--signer'")
        owner = configuration.signer(pin.signer)
        if owner is None:
            raise ValueError("a pinned namespace without its signer")  # the reader of trust.json refuses it
        root = Root(epoch=pin.root_epoch, digest=pin.root_digest)
        expected = Expected(namespace=namespace, signer=owner, ciphersuite=pin.ciphersuite, root=root)
        return Pins(expected=expected, pinned=True, scope=configuration.kind, trust_digest=configuration.digest)
    return _unpinned(namespace, both, signer)


def _unpinned(namespace: str, both: TrustSet, signer: str | None) -> Pins:
    for configuration in (both.production, both.rehearsal):
        known = [item for item in configuration.signers if signer in (None, item.id)]
        if len(known) == 1 and (signer is not None or configuration.kind is Scope.PRODUCTION):
            expected = Expected(namespace=namespace, signer=known[0])
            return Pins(expected=expected, pinned=False, scope=configuration.kind, trust_digest=configuration.digest)
    ids = ", ".join(item.id for part in (both.production, both.rehearsal) for item in part.signers)
    message = f"{namespace} is not pinned; say whose log it is: {ids}"
    raise click.BadParameter(message, param_hint="'--signer'")
