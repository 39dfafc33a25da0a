"""Checks as a worker runs them: a job in, frames out, and the same core call that the command line makes.

A job is a frame of the kind ``check``; its values are ``source`` (``upload`` or ``published``), ``answer`` (``report``
or ``page``), and what they need.  Answers are frames: ``refused`` (a problem), ``opened`` (the start of a page),
``step`` (a part of it), and ``done`` (the report, or the end of the page), in that order; the last one ends the job.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import vaultproof
from generator.errors import BuildError
from generator.rendering import Renderer, make_renderer
from generator.sources import read_folder
from vaultproof.errors import Malformed, Unavailable, VaultproofError
from vaultproof.evidence.deployment import ID_PATTERN
from vaultproof.procedure.document import Procedure, read_procedure
from vaultproof.report import Report
from vaultproof.strict.encodings import parse_hex, parse_time
from vaultproof.trust.configuration import TrustSet, read_trust_set
from verifier_web.headers import RAW_FOLDER
from verifier_web.service.check_page import PageMaker
from verifier_web.service.configuration import Configuration
from verifier_web.service.frames import Frame
from verifier_web.service.problems import from_error
from verifier_web.service.uploads import Upload, read_upload

Send = Callable[[Frame], None]
Clock = Callable[[], datetime]
REPORT, PAGE = "report", "page"
UPLOAD, PUBLISHED = "upload", "published"
DEPLOYMENT_ID = ID_PATTERN


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """What a check rests on, read once: trust configuration and procedures."""

    trust: TrustSet
    procedures: Mapping[str, Procedure]


def read_pinned(configuration: Configuration) -> Pinned:
    """Trust and procedures of the site that is served, or the trust that is configured.

    Raises ``Unavailable`` (``no-site``, ``trust-unusable``) when the service cannot run with them.
    """
    site = configuration.site
    if not (site / "index.html").is_file():
        raise Unavailable("no-site", "there is no built site", file=str(site), hint="build it first: vaultproof build")
    place = configuration.trust or site / "data/trust"
    try:
        trust = read_trust_set(read_folder(place))
        documents = [read_procedure(data, file=path) for path, data in read_folder(site / "data/procedure").items()]
    except (VaultproofError, BuildError) as error:
        raise Unavailable(
            "trust-unusable", f"the trust configuration in {place}, or a procedure, cannot be used: {error}"
        ) from error
    return Pinned(trust=trust, procedures={document.version: document for document in documents})


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checker:
    """Runs jobs.  One a process, made before any upload is seen; it keeps nothing from one job to the next."""

    configuration: Configuration
    pinned: Pinned
    renderer: Renderer
    clock: Clock = _now

    def run(self, job: Frame, send: Send) -> None:
        """Run one job and send its answer.  Raises only for faults of ours, and ``OSError`` when nobody listens."""
        try:
            upload = self._files(job)
            moment, expected = self._asked(job, upload)
            if job.values["answer"] == PAGE and upload.fields.get("answer") != REPORT:
                self._page(job, upload, moment, expected, send)
            else:
                report = self._check(upload, moment, expected)
                send(Frame("done", _summary(report), report.to_bytes()))
        except VaultproofError as error:
            send(Frame("refused", asdict(from_error(error))))

    def _check(
        self,
        upload: Upload,
        moment: datetime,
        expected: str | None,
        observe: Callable[[vaultproof.Event], None] | None = None,
    ) -> Report:
        return vaultproof.check(
            upload.files,
            trust=self.pinned.trust,
            procedures=self.pinned.procedures,
            at=moment,
            evidence_digest=expected,
            **({} if observe is None else {"observe": observe}),
        )

    def _page(self, job: Frame, upload: Upload, moment: datetime, expected: str | None, send: Send) -> None:
        page = PageMaker(
            renderer=self.renderer, job=job.values, files=upload.files, pinned_trust=self.pinned.trust,
            procedures=self.pinned.procedures, moment=moment, send=send,
        )  # fmt: skip
        report = self._check(upload, moment, expected, page.observe)
        send(Frame("done", _summary(report), page.end(report)))

    def _files(self, job: Frame) -> Upload:
        if job.values["source"] == UPLOAD:
            return read_upload(job.values["content_type"], job.body, self.configuration)
        return Upload(files=published_files(self.configuration.site, job.values["deployment"]), fields={})

    def _asked(self, job: Frame, upload: Upload) -> tuple[datetime, str | None]:
        """The moment to check as of, and the evidence digest that the reader was given, if any."""
        at = job.values.get("at")
        digest = job.values.get("evidence_digest") or upload.fields.get("evidence_digest", "").strip() or None
        return parse_time(at) if at else self.clock(), read_digest(digest)


def read_digest(text: str | None) -> str | None:
    """A SHA-256 in hexadecimal as people paste it: either case.  Raises ``Malformed("evidence-digest")``."""
    if text is None:
        return None
    try:
        return parse_hex(text.lower(), length=32).hex()
    except Malformed:
        raise Malformed(
            "evidence-digest", "the evidence digest is not 32 bytes in hexadecimal", expected="64 digits of 0-9, a-f",
            found=text[:80],
        ) from None  # fmt: skip


def published_files(site: Path, id: str) -> dict[str, bytes]:
    """The files of a published deployment, exactly as the site serves them.

    Raises ``Unavailable("no-such-deployment")`` when there is none of that name.
    """
    folder = site / "deployments" / id / RAW_FOLDER
    if not folder.is_dir():
        raise Unavailable("no-such-deployment", "no deployment of this name is published here", found=id[:80])
    return read_folder(folder)


def _summary(report: Report) -> dict[str, str]:
    """What the serving process counts; the digest, which costs a serialisation, stands in the report."""
    return {"outcome": report.verdict.outcome.value, "scope": report.verdict.scope.value}


def make_checker(configuration: Configuration, templates: Path, *, clock: Clock = _now) -> Checker:
    """A checker with everything loaded.  Raises as ``read_pinned`` does."""
    return Checker(
        configuration=configuration, pinned=read_pinned(configuration), renderer=make_renderer(templates), clock=clock
    )
