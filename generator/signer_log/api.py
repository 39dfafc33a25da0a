"""The copy as static files under the paths of the log's API, so that the signer's own client can audit it.

That client (cloudflare/plexi, ``PlexiClient``) asks for absolute paths (``/info``, ``/namespaces/…``) whatever
address it is given, so the files stand at the site's root.  ``/info`` is one signer's: where copies of several signers'
logs are published, one has the root, and each other one a folder that is a root of its own when it is served by itself.

``/namespaces`` and ``/namespaces/{ns}`` are both a file and a folder.  They are written as the folder's index, under
the name that every web server looks for, ``index.html``, and are sent as JSON where the server reads ``_headers``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from generator.errors import BuildError
from generator.signer_log.checking import CheckedLog
from vaultproof.mirror.answer import Resource, StoredAnswer
from vaultproof.signer_log.paths import INFO, NAMESPACES, epoch_path, last_verified_path, namespace_path
from verifier_web.headers import LOG_API_FOLDER

INDEX = "/index.html"


def api_roots(logs: Sequence[CheckedLog]) -> Mapping[str, str]:
    """Where the files of each namespace stand: ``""`` for the site's root, or a folder that ends in a slash.

    A real signer goes before a rehearsal's, then by id.
    """
    signers = sorted({(item.rehearsal, item.signer.id) for item in logs})
    places = {
        signer: "" if number == 0 else f"{LOG_API_FOLDER}/{signer[1]}{'-rehearsal' if signer[0] else ''}/"
        for number, signer in enumerate(signers)
    }
    return {item.namespace: places[(item.rehearsal, item.signer.id)] for item in logs}


def record_href(namespace: str, epoch: int) -> str:
    """Where a record stands, below the root of its API."""
    return epoch_path(namespace, epoch).removeprefix("/")


def api_files(logs: Sequence[CheckedLog]) -> Iterator[tuple[str, bytes]]:
    """Path in the site to the bytes of each answer, exactly as it was fetched.

    Raises ``BuildError`` for an answer that a browser could take for a page.
    """
    roots = api_roots(logs)
    for place in sorted(set(roots.values())):
        of_signer = [item for item in logs if roots[item.namespace] == place]
        for resource, path in ((Resource.INFO, INFO), (Resource.NAMESPACES, NAMESPACES)):
            found = [item.log.store.latest(None, resource) for item in of_signer]
            newest = max((item for item in found if item is not None), key=_last_seen, default=None)
            yield from _file(place, path, newest)
        for item in of_signer:
            yield from _namespace(place, item)


def _namespace(place: str, item: CheckedLog) -> Iterator[tuple[str, bytes]]:
    store, namespace = item.log.store, item.namespace
    yield from _file(place, namespace_path(namespace), store.latest(namespace, Resource.NAMESPACE))
    last_verified = store.latest(namespace, Resource.LAST_VERIFIED_EPOCH)
    yield from _file(place, last_verified_path(namespace), last_verified)
    span = item.audit.span
    for epoch, body in store.records(namespace, span.first, span.last) if span is not None else ():
        yield place + record_href(namespace, epoch), body


def _file(place: str, path: str, answer: StoredAnswer | None) -> Iterator[tuple[str, bytes]]:
    """One answer as a file, or as the index of the folder that it is too; nothing where it was not fetched."""
    if answer is None:
        return
    folder = answer.resource in (Resource.NAMESPACES, Resource.NAMESPACE)
    if b"<" in answer.body:
        # JSON has no use for it outside of texts.  A server without our headers would send a folder's index as a page,
        # and the others without a type, from which a browser may guess one.
        raise BuildError(f"the answer to {path} holds a sign that a browser could take for a page's", hint="look at it")
    yield place + path.removeprefix("/") + (INDEX if folder else ""), answer.body


def _last_seen(answer: StoredAnswer) -> int:
    return answer.last_seen
