"""The browser's way into the core: packed as ``vaultproof_browser``, called by ``worker.mjs`` inside Pyodide.

Nothing is decided here.  JavaScript values become bytes and texts, the core runs, and what it tells goes back as JSON
texts, one event a call of ``tell`` (``protocol.mjs`` lists them).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from vaultproof.archive import read_zip
from vaultproof.crypto.keys import ed25519_spki
from vaultproof.crypto.port import Algorithm, SignatureCheck
from vaultproof.crypto.webcrypto import WebCryptoBackend
from vaultproof.errors import Malformed, Mismatch, Unavailable, VaultproofError
from vaultproof.evidence.deployment import OVER_THE_AIR, Deployment, read_deployment
from vaultproof.evidence.files import DEPLOYMENT, Files, required
from vaultproof.presentation.view import step_view, verdict_view
from vaultproof.presentation.words import Words
from vaultproof.procedure.document import Procedure, read_procedure
from vaultproof.report import Report, Scope
from vaultproof.strict.encodings import parse_time
from vaultproof.trust.configuration import TrustSet, read_trust_set
from vaultproof.verification import Event, StepStarted, verify

Tell = Callable[[str], None]
Site = tuple[TrustSet, Mapping[str, Procedure]]

TEST_KEY = bytes.fromhex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")
TEST_MESSAGE = bytes.fromhex("af82")
TEST_SIGNATURE = bytes.fromhex(
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
    "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
)
"""RFC 8032, 7.1, test 3."""


class SelfTestError(Exception):
    """The verifier does not give a known answer here, so it must not give unknown ones."""


class SiteError(Exception):
    """The site's own trust configuration or procedure cannot be read: no fault of the evidence."""


class Verifier:
    """What a worker keeps between runs: the signature backend with the keys that it has imported, and the site's trust.

    Reading trust and procedures takes longer than some steps, and they seldom change: what was read is kept, and used
    again for the very same bytes.
    """

    def __init__(self) -> None:
        self._backend = WebCryptoBackend()
        self._site: tuple[Files, Files, Site] | None = None
        self._practice: asyncio.Task[None] | None = None

    async def self_test(self) -> None:
        """Verify a signature that holds and one that does not, through the whole stack.

        Raises ``SelfTestError`` when a wrong one is accepted, ``Mismatch`` when the right one is not.
        """
        await self._backend.verify(_test_check(TEST_MESSAGE))
        try:
            await self._backend.verify(_test_check(TEST_MESSAGE + b"\0"))
        except Mismatch:
            return
        raise SelfTestError("a signature over another message was accepted")

    def read_site(self, trust: Any, procedures: Any) -> Site:
        """Read the site's trust configuration and procedures, or find that these bytes were read before.

        Raises ``SiteError`` where they cannot be read.
        """
        trust_files, documents = _mapping(trust), _mapping(procedures)
        if self._site is None or self._site[:2] != (trust_files, documents):
            self._site = trust_files, documents, _site(trust_files, documents)
        return self._site[2]

    async def run(self, request: Any, engine: Any, tell: Tell) -> None:
        """One run: tells ``scope``, then ``step-started`` and ``step-finished`` as they happen, then ``report``.

        ``request`` has ``files`` and ``zip`` (one of them null), ``trust``, ``procedures``, ``now``, and
        ``expectedDigest`` of the deployment ``expectedFor``; ``engine`` is an object of texts, or None.  Tells
        ``failed`` with the reason ``refused`` for files that are no deployment this verifier can read.  Raises
        ``SiteError`` when the fault is the site's.
        """
        trust, procedures = self.read_site(request.trust, request.procedures)
        try:
            files = _mapping(request.files) if request.zip is None else read_zip(request.zip.to_bytes())
            words = _Choice(files, procedures)
            tell(_scope(words))
            report = await verify(
                files,
                trust=trust,
                procedures=procedures,
                clock=parse_time(request.now),
                backend=self._backend,
                engine=engine.to_py() if engine else {},
                expected_digest=request.expectedDigest if words.is_about(request.expectedFor) else None,
                observe=lambda event: tell(_event(event, words)),
            )
        except VaultproofError as error:
            tell(_refusal(error))
        else:
            tell(_report(report, words))

    async def practise(self, request: Any) -> None:
        """A run that tells nobody anything: it only makes the browser compile what a run needs.

        Ends early when ``give_practice_up`` is called.  Raises what ``run`` raises.
        """
        self._practice = asyncio.ensure_future(self.run(request, None, lambda _: None))
        with suppress(asyncio.CancelledError):
            await self._practice

    def give_practice_up(self) -> None:
        """End a practice run that is going on at its next signature; nothing, if there is none."""
        if self._practice is not None:
            self._practice.cancel()


class _Choice:
    """The procedure that the announcement names, and its words: the same choice that ``verify`` makes."""

    def __init__(self, files: Files, procedures: Mapping[str, Procedure]) -> None:
        deployment = _announcement(files)
        self._deployment = deployment.id if deployment else None
        version = deployment.procedure if deployment else max(procedures)
        self.procedure = procedures.get(version) or procedures[max(procedures)]
        plan = self.procedure.plan(deployment.distribution if deployment else OVER_THE_AIR)
        self.rehearsal = deployment is not None and deployment.rehearsal
        self.words = Words(self.procedure, plan, rehearsal=self.rehearsal)

    def is_about(self, deployment: str | None) -> bool:
        """Whether the files may be of that deployment: files that do not say so are held to what was expected."""
        return deployment is None or self._deployment in (None, deployment)


def _announcement(files: Files) -> Deployment | None:
    """The announcement, if it can be read; that it cannot is for the first step to say."""
    try:
        return read_deployment(required(files, DEPLOYMENT))
    except (Malformed, Unavailable):
        return None


def _site(trust: Files, documents: Files) -> Site:
    try:
        procedures = [read_procedure(data, file=path) for path, data in documents.items()]
        return read_trust_set(trust), {procedure.version: procedure for procedure in procedures}
    except VaultproofError as error:
        raise SiteError(str(error)) from error


def _mapping(entries: Any) -> dict[str, bytes]:
    """Bytes by path.  Raises ``Malformed`` where a path stands twice."""
    files: dict[str, bytes] = {}
    for entry in entries:
        if entry.path in files:
            raise Malformed("duplicate-path", "a path stands twice", file=entry.path)
        files[entry.path] = entry.bytes.to_bytes()
    return files


def _scope(choice: _Choice) -> str:
    """Whose roots the run will go by: known before any step, so that no rehearsal looks like more for a moment."""
    return json.dumps({"type": "scope", "scope": (Scope.REHEARSAL if choice.rehearsal else Scope.PRODUCTION).value})


def _event(event: Event, choice: _Choice) -> str:
    if isinstance(event, StepStarted):
        step = choice.procedure.steps[event.id]
        told = {"id": step.id, "title": step.title, "question": step.question, "doing": step.doing}
        return json.dumps({"type": "step-started", "step": {"number": event.number, **told}})
    view = step_view(choice.procedure.steps[event.result.id], event.result, choice.words)
    return json.dumps({"type": "step-finished", "step": view}, default=_fields)


def _report(report: Report, choice: _Choice) -> str:
    view = verdict_view(report, choice.words)
    return json.dumps(
        {
            "type": "report",
            "report": report.to_bytes().decode("utf-8"),
            "digest": view.report_digest,
            "deployment": report.deployment,
            "firstTrouble": report.verdict.first_trouble,
            "verdict": view,
        },
        default=_fields,
    )


def _fields(view: Any) -> dict[str, Any]:
    """A view as JSON values: what ``as_json`` gives, without a copy of all that is inside."""
    return {name: getattr(view, name) for name in view.__dataclass_fields__}


def _refusal(error: VaultproofError) -> str:
    fields = {
        name: getattr(error, name) for name in ("code", "message", "file", "pointer", "expected", "found", "hint")
    }
    return json.dumps({"type": "failed", "reason": "refused", "detail": str(error), "fields": fields})


def _test_check(message: bytes) -> SignatureCheck:
    return SignatureCheck(
        algorithm=Algorithm.ED25519, public_key=ed25519_spki(TEST_KEY), message=message, signature=TEST_SIGNATURE
    )
