"""What a communications team would publish with a deployment, for a rehearsal: ``statement.md``."""

from __future__ import annotations

from generator.rehearsal.options import MESSENGER
from generator.rehearsal.plan import Plan
from vaultproof.evidence.deployment import OVER_THE_AIR

_NAMES = {MESSENGER: "Messenger", "whatsapp": "WhatsApp"}


def title(product: str, year: int) -> str:
    """The title of a deployment."""
    return f"REHEARSAL: backup key vault for {_NAMES[product]}, {year}"


def statement(plan: Plan) -> bytes:
    """The statement in Markdown: what happened (here: nothing), what is published, what to check, what stays open."""
    product = _NAMES[plan.product]
    return f"""# {plan.title}

**This is a rehearsal.** No fleet was deployed, no ceremony took place, and no key below protects anybody's backup.
The files have the form that a real deployment's evidence would have, so that people can try how checking it works.

## What a real announcement would say here

End-to-end encrypted backups of {product} keep your recovery secret in a backup key vault: a group of hardware security
modules (HSMs) in several data centres. They agree by majority before they act. Today a new fleet begins its work:
{len(plan.members)} HSMs in {len(plan.sites)} cities, of which {plan.threshold} must agree.

{_distribution(plan)}

{_superseded(plan)}## Where the HSMs stand

{_sites(plan)}

The makers of these HSMs do not attest where a device stands. The list of cities is our own statement.

## What we publish

- the file with the fleet's public keys
- {_signatures(plan)}
- for every HSM, the attestation made by the device and the certificates of its maker
- the record of the key ceremony: its script, its log and the signatures of {len(plan.ceremony.witnesses)} witnesses

## What you can do

Press the button on this page: your own browser then repeats every check. Or download the files and check them with
the command line, or with OpenSSL.

## What this does not tell you

It does not tell you that the maker of the HSMs or its firmware is free of faults, that nobody kept another copy of an
administrator's credential, or that your app uses this fleet. A phone that is unlocked, or a recovery code that somebody
else has read, remain the more likely dangers.
""".encode()


def _distribution(plan: Plan) -> str:
    if plan.distribution == OVER_THE_AIR:
        return (
            "The app receives the fleet's keys over the air, together with the signature of an independent signer and\n"
            "our own confirmation of that signature. The signer keeps a public log of every key file it has signed;\n"
            f"this one is epoch {plan.log.last.number if plan.log else 0}."
        )
    return (
        "The fleet's keys are part of the app itself. Among the files is the package of the app that carries them, so\n"
        "that you can look for the keys in it."
    )


def _superseded(plan: Plan) -> str:
    if plan.supersedes is None:
        return ""
    text = f"## What changed\n\nThis fleet supersedes `{plan.supersedes}`. All HSMs and all keys are new."
    if plan.log is not None and plan.log.inherited + 1 < plan.log.last.number:
        text += " For a time the log shows\nthe keys of both fleets, while vaults move from one to the other."
    return text + "\n\n"


def _sites(plan: Plan) -> str:
    counts = {site.id: sum(1 for member in plan.members if member.site == site.id) for site in plan.sites}
    return "\n".join(f"- {site.name}: {counts[site.id]}" for site in plan.sites)


def _signatures(plan: Plan) -> str:
    if plan.distribution == OVER_THE_AIR:
        return "the independent signer's signature, our confirmation, and a copy of the signer's log from its beginning"
    return "the app package that carries the keys, and its SHA-256"
