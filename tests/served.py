"""What tests of the service share: a site to serve, checks run in the test's own process, and a running server."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask

from generator.build import build_site
from generator.folders import templates_folder
from generator.rendering import make_renderer
from tests.cases import harness
from tests.cases.library import procedures
from vaultproof.trust.configuration import read_trust_set
from verifier_web.service.application import create_app
from verifier_web.service.checking import Checker, Pinned
from verifier_web.service.configuration import Configuration
from verifier_web.service.frames import Frame
from verifier_web.service.metrics import Metrics
from verifier_web.service.pool import Gone, never
from verifier_web.service.problems import Problem
from verifier_web.service.server import Server

CLOCK = datetime(2026, 11, 22, 12, tzinfo=UTC)
DEPLOYMENTS = sorted(path.parent.name for path in (harness.EVIDENCE / "deployments").glob("*/manifest.json"))


def make_site(folder: Path) -> Path:
    """The site of the committed evidence, without the browser's runtime."""
    build_site(evidence=harness.EVIDENCE, out=folder, service=True)
    return folder


@dataclass(frozen=True, kw_only=True)
class AtHand:
    """Runs checks here and now."""

    checker: Checker

    def run(self, job: Frame, client: str, gone: Gone = never) -> Iterator[Frame]:
        """The frames of an answer."""
        frames: list[Frame] = []
        self.checker.run(job, frames.append)
        yield from frames


def checker(configuration: Configuration, trust: Mapping[str, bytes] | None = None) -> Checker:
    """A checker with the committed trust configuration, or another one."""
    return Checker(
        configuration=configuration,
        pinned=Pinned(
            trust=read_trust_set(harness.tree(harness.EVIDENCE / "trust") if trust is None else trust),
            procedures=procedures(),
        ),
        renderer=make_renderer(templates_folder()),
        clock=lambda: CLOCK,
    )


def application(configuration: Configuration, trust: Mapping[str, bytes] | None = None) -> Flask:
    """The application with checks at hand."""
    return create_app(
        configuration,
        AtHand(checker=checker(configuration, trust)),
        templates=templates_folder(),
        clock=lambda: CLOCK,
    )


@dataclass
class Doorman:
    """A gate that asks ``refusal`` for each check, and counts those in the house."""

    refusal: Callable[[str], Problem | None]
    inside: int = 0

    def admit(self, client: str) -> Problem | None:
        """One more, unless it is refused."""
        problem = self.refusal(client)
        self.inside += problem is None
        return problem

    def let_go(self, client: str) -> None:
        """One less."""
        self.inside -= 1


@contextmanager
def running(
    app: Flask,
    configuration: Configuration,
    *,
    metrics: Metrics | None = None,
    refuses: Callable[[str], Problem | None] = lambda client: None,
) -> Iterator[Server]:
    """The server around an application, in a thread, stopped at the end."""
    server = Server(app, configuration, metrics=metrics or Metrics(), gate=Doorman(refuses))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(20)
        assert not thread.is_alive()


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip of the files, whatever their names."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path, data in files.items():
            archive.writestr(zipfile.ZipInfo(path), data)
    return out.getvalue()


BOUNDARY = "a-boundary-of-the-tests"
FORM = f"multipart/form-data; boundary={BOUNDARY}"


def form(parts: Iterable[tuple[str, str | None, bytes]]) -> bytes:
    """The body of a form: name, file name (None for text) and content of each part, as RFC 7578 writes it."""
    body = b""
    for name, filename, data in parts:
        file = "" if filename is None else f'; filename="{filename}"'
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
        body += head.encode("utf-8") + data + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode("ascii")


def form_of_files(files: Mapping[str, bytes], *, top: str = "") -> bytes:
    """The files as a form's parts, each named by its path."""
    return form(("files", top + path, data) for path, data in files.items())


def form_of_archive(archive: bytes, **fields: str) -> bytes:
    """An archive and text fields as a form."""
    return form(
        [*((name, None, text.encode()) for name, text in fields.items()), ("archive", "deployment.zip", archive)]
    )
