"""A fork that was checked, as text and as JSON (``fork-check.schema.json``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vaultproof.cli.voice import Tone, painted, printable, say
from vaultproof.presentation import log_english
from vaultproof.report import Scope
from vaultproof.signer_log.fork import Fork
from vaultproof.strict.encodings import format_milliseconds
from vaultproof.trust.configuration import TrustSet

SCHEMA = "vaultproof/fork-check@1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """The signer that both keys are pinned for, and in which configuration."""

    id: str
    name: str
    scope: Scope

    @classmethod
    def find(cls, fork: Fork, trust: TrustSet) -> Whose | None:
        """The signer that both keys of a fork are pinned for; None where there is none."""
        keys = {answer.public_key for answer in fork.answers}
        for configuration in (trust.production, trust.rehearsal):
            for signer in configuration.signers:
                if keys <= {key.public_key for key in signer.keys}:
                    return cls(id=signer.id, name=signer.name, scope=configuration.kind)
        return None


def print_fork(fork: Fork, whose: Whose | None) -> None:
    """Print both answers, and whose they are."""
    mark = painted("REHEARSAL  ", Tone.REHEARSAL, bold=True) if whose and whose.scope is Scope.REHEARSAL else ""
    say(f"{mark}{printable(fork.namespace)} epoch {fork.epoch}: two signed records")
    for answer in fork.answers:
        say(f"  - digest     {answer.record.digest.hex()}")
        say(f"    signed at  {format_milliseconds(answer.record.timestamp)} by the signer's clock")
        say(f"    key        {answer.public_key.hex()}")
    say()
    say(painted(log_english.FORK_HOLDS, Tone.BAD if whose else Tone.UNSURE, bold=True))
    say(log_english.FORK_WHOSE[whose is not None].format(signer=printable(whose.name) if whose else ""))


def as_json(fork: Fork, whose: Whose | None) -> dict[str, Any]:
    """The fork as JSON values."""
    return {
        "schema": SCHEMA,
        "namespace": fork.namespace,
        "epoch": fork.epoch,
        "signer": None if whose is None else whose.id,
        "scope": None if whose is None else whose.scope.value,
        "records": [
            {
                "digest": answer.record.digest.hex(),
                "timestamp": answer.record.timestamp,
                "ciphersuite": answer.record.ciphersuite,
                "public_key": answer.public_key.hex(),
            }
            for answer in fork.answers
        ],
    }
