"""The OpenAPI 3.1 document of the interface for programs, made from the caps that are configured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import vaultproof
from vaultproof.evidence.deployment import ID_PATTERN
from verifier_web.service.configuration import Configuration
from verifier_web.service.lookup import LONGEST, Answer
from verifier_web.service.problems import MEDIA_TYPE
from verifier_web.service.uploads import FORM, ZIP

VERSION = "3.1.0"
BASE = "/api/v1"
TITLE = "vaultproof: the interface for programs"
SUMMARY = (
    "Runs the published procedure over a deployment's evidence, and tells what is published here. A report is the same,"
    " byte for byte but for its time and engine, as that of the command line and of the browser; its digest is equal."
    " A verdict that a server computed is worth what that server is worth."
)
_SCHEMA = Path(vaultproof.__file__).parent / "schema/report.schema.json"
_JSON = "application/json"
_OUTCOMES = ["verified", "contradicted", "incomplete"]
_DIGEST = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_TEXT = {"type": "string"}


def document(configuration: Configuration) -> dict[str, Any]:
    """The whole document."""
    return {
        "openapi": VERSION,
        "info": {
            "title": TITLE,
            "version": vaultproof.__version__,
            "summary": "Check the published evidence of an HSM fleet deployment.",
            "description": SUMMARY,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "../v1", "description": "Relative to this document."}],
        "paths": _paths(configuration),
        "components": {"schemas": _schemas(), "responses": _responses()},
    }


def _schemas() -> dict[str, Any]:
    return {
        "Report": _report(),
        "Problem": _object(
            {
                "type": {"type": "string", "format": "uri"}, "title": _TEXT, "status": {"type": "integer"},
                "code": _TEXT,
                "outcome": {"const": "could_not_check"}, "file": _TEXT, "pointer": _TEXT, "expected": _TEXT,
                "found": _TEXT, "hint": _TEXT, "retry_after": {"type": "integer", "minimum": 1},
            },
            optional=("outcome", "file", "pointer", "expected", "found", "hint", "retry_after"),
        ),
        "Deployment": _object(_deployment()),
        "DeploymentFiles": _object({
            **_deployment(),
            "files": {"type": "array", "items": _object({"path": _TEXT, "size": {"type": "integer", "minimum": 0}})},
        }),
        "Deployments": _object({
            "deployments": {"type": "array", "items": {"$ref": "#/components/schemas/Deployment"}},
        }),
        "Found": _object({
            "answer": {"enum": [answer.value for answer in Answer]},
            "sentence": _TEXT,
            "read_as": {"enum": ["fingerprint-or-key", "key", "words", None]},
            "matches": {"type": "array", "items": _object({
                "deployment": _TEXT, "title": _TEXT, "rehearsal": {"type": "boolean"},
                "superseded_by": {"type": ["string", "null"]}, "build_outcome": {"enum": _OUTCOMES},
                "role": _TEXT, "fingerprint": _DIGEST,
            })},
        }),
        "Limits": _object({"limits": {"type": "array", "items": _object({
            "name": _TEXT, "value": {"type": "integer"}, "unit": _TEXT, "about": _TEXT,
        })}}),
    }  # fmt: skip


def _deployment() -> dict[str, Any]:
    return {
        "id": {"type": "string", "pattern": f"^{ID_PATTERN}$"}, "title": _TEXT, "product": _TEXT,
        "distribution": {"enum": ["over-the-air", "hardcoded"]}, "rehearsal": {"type": "boolean"},
        "deployed_at": {"type": "string", "format": "date-time"}, "supersedes": {"type": ["string", "null"]},
        "superseded_by": {"type": ["string", "null"]}, "build_outcome": {"enum": _OUTCOMES},
        "build_report_digest": _DIGEST, "evidence_digest": {"anyOf": [_DIGEST, {"type": "null"}]}, "page": _TEXT,
    }  # fmt: skip


def _report() -> dict[str, Any]:
    """The published schema of reports, with its references led to where it stands in this document."""
    text = _SCHEMA.read_text("utf-8").replace('"#/$defs/', '"#/components/schemas/Report/$defs/')
    schema: dict[str, Any] = json.loads(text)
    return {name: value for name, value in schema.items() if name not in ("$schema", "$id")}


def _responses() -> dict[str, Any]:
    told = {
        "BadRequest": "The request cannot be understood: code and what was expected.",
        "NotFound": "There is nothing of that name here.",
        "TooLarge": "The upload is over a limit: code, and the limit under expected.",
        "Refused": "What was sent is not plainly one set of evidence files, or over what a check may take.",
        "TooMany": "As many requests as one client may have are being checked or wait; Retry-After says when to come.",
        "Busy": "Everything is at work; Retry-After says when to return. Nothing was found wrong.",
        "Failed": "The verifier failed. That is no verdict, and nothing was found wrong.",
        "HeadTooLarge": "The request's address and headers are over the limit of a request's head.",
        "TooSlow": "The request did not arrive in time.",
    }
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    waiting = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}}}
    return {
        name: {"description": text, "content": content, **({"headers": waiting} if name in ("TooMany", "Busy") else {})}
        for name, text in told.items()
    }


def _paths(caps: Configuration) -> dict[str, Any]:
    none_here = {"404": "NotFound"}
    check_errors = {
        "400": "BadRequest",
        "413": "TooLarge",
        "422": "Refused",
        "429": "TooMany",
        "500": "Failed",
        "503": "Busy",
    }
    return {
        "/verify": {"post": _operation(
            "verifyUpload", "Check what you send",
            "Runs every step over the archive or files in the body, and answers with the report. The outcome stands in"
            " the report: a contradiction is an answer (200), not an error. Nothing of the body is kept.",
            {"200": _answer("The report, as canonical JSON.", "Report")},
            errors=check_errors,
            parameters=[_EVIDENCE_DIGEST, _AT],
            body=_upload(caps),
        )},
        "/deployments": {"get": _operation(
            "listDeployments", "List the deployments that are published here",
            "All of them, superseded ones too. What the build found is this site's own word: run the check.",
            {"200": _answer("The list.", "Deployments")}, cached=True,
        )},
        "/deployments/{id}": {"get": _operation(
            "getDeployment", "One deployment and its files",
            "Its announcement in short, and each file with its size; fetch them by path.",
            {"200": _answer("The deployment.", "DeploymentFiles")}, parameters=[_ID], errors=none_here, cached=True,
        )},
        "/deployments/{id}/check": {"get": _operation(
            "checkDeployment", "Check a published deployment now",
            "Runs every step, on this server, over the files that are published at this moment.",
            {"200": _answer("The report, as canonical JSON.", "Report")},
            parameters=[_ID, _EVIDENCE_DIGEST, _AT], errors={**check_errors, **none_here},
        )},
        "/deployments/{id}/report": {"get": _operation(
            "getReport", "The report of this site's build",
            "The very file that the deployment's page offers.",
            {"200": _answer("The report, as canonical JSON.", "Report")},
            parameters=[_ID], errors=none_here, cached=True,
        )},
        "/deployments/{id}/archive": {"get": _operation(
            "getArchive", "All files of a deployment as an archive",
            "Exactly what the deployment's page offers; vaultproof verify and this interface take it as it is.",
            {"200": _bytes("The archive.", ZIP)}, parameters=[_ID], errors=none_here, cached=True,
        )},
        "/deployments/{id}/files/{path}": {"get": _operation(
            "getFile", "One file, byte for byte as it was published",
            "The path may have several segments. The file comes as bytes, whatever it is.",
            {"200": _bytes("The file.", "application/octet-stream")}, parameters=[_ID, _PATH],
            errors=none_here, cached=True,
        )},
        "/fleet-keys": {"get": _operation(
            "lookUpKey", "Is my app using this fleet?",
            "Looks for a fleet key or its fingerprint among the deployments that are published here. The question"
            " stands in the address, so that it works from anywhere; a fleet key is public.",
            {"200": _answer("One of four answers: this-fleet, retired, none-published, not-readable.", "Found")},
            parameters=[_KEY], errors={"400": "BadRequest"}, cached=True,
        )},
        "/limits": {"get": _operation(
            "getLimits", "Every limit of this service", "As they are configured here.",
            {"200": _answer("The limits.", "Limits")}, cached=True,
        )},
    }  # fmt: skip


_ID = {"name": "id", "in": "path", "required": True, "description": "The deployment's id.",
       "schema": {"type": "string", "pattern": f"^{ID_PATTERN}$", "maxLength": 80}}  # fmt: skip
_PATH = {"name": "path", "in": "path", "required": True, "description": "The file's path, for example manifest.json.",
         "schema": {"type": "string", "minLength": 1, "maxLength": 200}}  # fmt: skip
_EVIDENCE_DIGEST = {
    "name": "evidence_digest", "in": "query", "required": False,
    "schema": {"type": "string", "pattern": "^[0-9A-Fa-f]{64}$"},
    "description": "The evidence digest that you were given elsewhere: the SHA-256 of manifest.json, in hexadecimal.",
}  # fmt: skip
_AT = {
    "name": "at", "in": "query", "required": False,
    "schema": {
        "type": "string", "format": "date-time", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$",
    },
    "description": "Check as of this moment (RFC 3339, UTC, whole seconds); now by default.",
}  # fmt: skip
_KEY = {
    "name": "key", "in": "query", "required": True, "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST},
    "description": "A fingerprint (64 hexadecimal digits in any grouping, or 32 words), or a public key (base64,"
    " base64url, hexadecimal or PEM).",
}  # fmt: skip


def _upload(caps: Configuration) -> dict[str, Any]:
    binary = {"type": "string", "format": "binary", "maxLength": caps.upload_bytes}
    form = {
        "type": "object",
        "properties": {
            "archive": {**binary, "description": "A zip archive of one deployment."},
            "files": {
                "type": "array", "items": binary, "maxItems": caps.upload_members,
                "description": "Or its files, each with its path as the part's file name.",
            },
            "evidence_digest": {"type": "string", "description": "As the parameter of that name."},
        },
    }  # fmt: skip
    return {
        "required": True,
        "description": f"At most {caps.upload_bytes} bytes.",
        "content": {ZIP: {"schema": binary}, FORM: {"schema": form}},
    }


def _operation(
    id: str, summary: str, description: str, answers: dict[str, Any], *, parameters: list[Any] | None = None,
    errors: dict[str, str] | None = None, body: dict[str, Any] | None = None, cached: bool = False,
) -> dict[str, Any]:  # fmt: skip
    told = {"400": "BadRequest", "408": "TooSlow", "431": "HeadTooLarge", **(errors or {})}
    responses = {**answers, **{status: {"$ref": f"#/components/responses/{name}"} for status, name in told.items()}}
    if cached:
        responses["304"] = {"description": "Unchanged: the ETag that you sent is still right."}
    operation: dict[str, Any] = {
        "operationId": id, "summary": summary, "description": description, "parameters": parameters or [],
        "responses": dict(sorted(responses.items())),
    }  # fmt: skip
    if body is not None:
        operation["requestBody"] = body
    return operation


def _answer(description: str, schema: str) -> dict[str, Any]:
    return {"description": description, "content": {_JSON: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}}


def _bytes(description: str, media: str) -> dict[str, Any]:
    return {"description": description, "content": {media: {"schema": {"type": "string", "format": "binary"}}}}


def _object(properties: dict[str, Any], *, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "type": "object", "properties": properties, "additionalProperties": False,
        "required": [name for name in properties if name not in optional],
    }  # fmt: skip
