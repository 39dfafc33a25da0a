"""The runner: order, need and requirement from the document; refusals before any report; nothing green by default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tests.cases import harness
from tests.cases.library import BACKEND, procedures, run
from tests.sweeps.sweeping import CLOCK, ID, smallest, trust, with_manifest
from vaultproof import verification
from vaultproof.crypto.port import SignatureCheck, run_to_completion
from vaultproof.errors import Malformed, Mismatch, Unavailable, Unsupported
from vaultproof.evidence.files import MANIFEST
from vaultproof.procedure.document import Plan, Procedure
from vaultproof.report import Outcome, Report, Scope, Status, Substep
from vaultproof.steps.base import Context, Finding, StepFunction
from vaultproof.steps.registry import STEPS
from vaultproof.verification import Event, StepFinished, StepStarted, verify

VERSION = "2026-11"


def verified(files: Mapping[str, bytes], **options: Any) -> Report:
    given: dict[str, Any] = {
        "trust": trust(), "procedures": procedures(), "clock": CLOCK, "backend": BACKEND, "engine": {"name": "test"},
        **options,
    }  # fmt: skip
    return run_to_completion(verify(files, **given))


# --- files ----------------------------------------------------------------------------------------------------------


def optional(path: str) -> bool:
    """Files that no required step of this plan reads: the texts for people, and the ceremony's own texts."""
    return path == "statement.md" or (path.startswith("ceremony/") and path.endswith((".md", ".log")))


@pytest.mark.parametrize("path", sorted(smallest()))
def test_a_deployment_without_one_of_its_files_is_not_verified(path: str) -> None:
    less = {name: data for name, data in smallest().items() if name != path}
    assert verified(less).verdict.outcome is not Outcome.VERIFIED
    if path in (MANIFEST, "deployment.json", "audit/info.json"):
        return
    report = verified(with_manifest(less))
    assert (report.verdict.outcome is Outcome.VERIFIED) == optional(path), report.verdict


@pytest.mark.parametrize("path", sorted(set(smallest()) - {MANIFEST}))
def test_a_deployment_with_one_empty_file_is_not_verified(path: str) -> None:
    empty = {**smallest(), path: b""}
    assert verified(empty).verdict.outcome is not Outcome.VERIFIED
    if path not in ("audit/info.json",) and not optional(path):
        assert verified(with_manifest(empty)).verdict.outcome is not Outcome.VERIFIED


def test_a_file_that_the_format_has_no_place_for_is_not_verified() -> None:
    for path in ("notes.txt", "audit/2.json.bak", "attestations/evidence.der"):
        report = verified(with_manifest({**smallest(), path: b"x"}))
        assert report.verdict.outcome is not Outcome.VERIFIED, path


def test_the_files_of_another_deployment_do_not_verify_under_this_one() -> None:
    other = harness.load("over-the-air").files
    for folder in ("bundle/", "audit/", "attestations/", "ceremony/"):
        mixed = {path: data for path, data in smallest().items() if not path.startswith(folder)}
        mixed |= {path: data for path, data in other.items() if path.startswith(folder)}
        assert verified(with_manifest(mixed)).verdict.outcome is not Outcome.VERIFIED, folder


# --- refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "family", "code"),
    [
        ({}, Unavailable, "not-a-deployment"),
        ({"statement.md": b"x"}, Unavailable, "not-a-deployment"),
        ({MANIFEST: b"", "../x": b""}, Malformed, "bad-path"),
        ({MANIFEST: b"", "a": b"", "A": b""}, Malformed, "path-twins"),
    ],
)
def test_what_is_no_deployment_is_refused(files: dict[str, bytes], family: type[Exception], code: str) -> None:
    with pytest.raises(family, match=code):
        verified(files)


def test_a_clock_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        verified(smallest(), clock=datetime(2026, 11, 22))  # noqa: DTZ001  (what is tested)


def test_an_instant_is_the_same_in_every_time_zone() -> None:
    there = CLOCK.astimezone(timezone(timedelta(hours=-7)))
    report = verified(smallest(), clock=there)
    assert report.clock == "2026-11-22T12:00:00Z"
    assert report.digest == verified(smallest()).digest


def test_an_unknown_procedure_or_distribution_is_too_new_and_not_invalid() -> None:
    with pytest.raises(Unsupported, match="procedure"):
        verified(smallest(), procedures={"2027-01": procedures()[VERSION]})
    reduced = replace(procedures()[VERSION], plans={"hardcoded": procedures()[VERSION].plan("hardcoded")})
    with pytest.raises(Unsupported, match="distribution"):
        verified(smallest(), procedures={VERSION: reduced})


def test_the_reader_of_another_digest_gets_another_verdict() -> None:
    digest = verified(smallest()).evidence_digest
    assert verified(smallest(), expected_digest=digest).digest == verified(smallest()).digest
    for wrong in ("0" * 64, "", (digest or "").upper()):
        assert verified(smallest(), expected_digest=wrong).step("files").code == "other-evidence"


# --- events ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["over-the-air", "hardcoded", "wrong-digest_fail", "announcement-unreadable_fail"])
def test_every_step_is_told_of_as_it_begins_and_ends(name: str) -> None:
    events: list[Event] = []
    report = run(harness.load(name), observe=events.append)
    finished = [event.result for event in events if isinstance(event, StepFinished)]
    assert tuple(finished) == report.steps
    running: list[str] = []
    for event in events:
        if isinstance(event, StepStarted):
            assert not running
            running.append(event.id)
        elif running:
            assert running.pop() == event.result.id
            assert event.result.because is None
        else:
            assert event.result.because is not None
    started = [event.id for event in events if isinstance(event, StepStarted)]
    assert started == [step.id for step in report.steps if step.because is None]


# --- steps ----------------------------------------------------------------------------------------------------------


class Proof:
    """What a made-up step proves."""


def step(status: Status, seen: list[object], proved: object | None = None) -> StepFunction:
    async def function(context: Context) -> Finding:
        seen.append(dict(context.proved))
        substep = Substep(id="x", status=status, code="c")
        return Finding(status=status, code="c", substeps=(substep,), proved=proved)

    return function


def small_procedure(*, required: tuple[str, ...]) -> Procedure:
    whole = procedures()[VERSION]
    order = ("files", "digest", "signer")
    plan = Plan(distribution="over-the-air", order=order, required=frozenset(required), if_promised=frozenset())
    return replace(whole, plans={"over-the-air": plan})


@pytest.mark.parametrize("status", list(Status))
def test_a_step_is_withheld_unless_the_one_that_it_needs_matched(
    status: Status, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []
    made = {"digest": step(status, [], Proof()), "signer": step(Status.MATCH, seen)}
    monkeypatch.setattr(verification, "STEPS", {**STEPS, **made})
    report = verified(smallest(), procedures={VERSION: small_procedure(required=("files", "digest", "signer"))})
    if status is Status.MATCH:
        (proved,) = seen
        assert isinstance(proved, dict)
        assert isinstance(proved[Proof], Proof)
        assert report.step("signer").status is Status.MATCH
    else:
        assert seen == []
        assert report.step("signer").status is Status.NOT_EVALUATED
        assert report.step("signer").because == "digest"
        assert report.verdict.outcome is not Outcome.VERIFIED


def test_what_a_step_without_a_match_claims_to_have_proved_is_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    whole = procedures()[VERSION]
    free = replace(whole.steps["signer"], needs=())
    made = {"digest": step(Status.NOT_APPLICABLE, [], Proof()), "signer": step(Status.MATCH, seen)}
    monkeypatch.setattr(verification, "STEPS", {**STEPS, **made})
    changed = replace(small_procedure(required=("files",)), steps={**whole.steps, "signer": free})
    verified(smallest(), procedures={VERSION: changed})
    assert seen == [{}]


def test_an_error_of_the_core_becomes_the_status_of_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(context: Context) -> Finding:
        raise Mismatch("planted", "planted", file="bundle/proof.json")

    monkeypatch.setattr(verification, "STEPS", {**STEPS, "digest": broken})
    report = verified(smallest(), procedures={VERSION: small_procedure(required=("files",))})
    assert (report.step("digest").status, report.step("digest").code) == (Status.MISMATCH, "planted")
    assert report.verdict.outcome is Outcome.CONTRADICTED, "also a step that is not required contradicts"


def test_a_fault_of_the_verifier_is_not_blamed_on_the_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(context: Context) -> Finding:
        raise ZeroDivisionError

    monkeypatch.setattr(verification, "STEPS", {**STEPS, "digest": broken})
    with pytest.raises(ZeroDivisionError):
        verified(smallest())


class NoEngine:
    """A backend that can do nothing."""

    name = "none"

    async def verify(self, check: SignatureCheck) -> None:
        raise Unavailable("engine-cannot", "nothing works here")


class YesEngine:
    """A backend that says yes to everything."""

    name = "yes"

    async def verify(self, check: SignatureCheck) -> None:
        return


def test_an_engine_that_cannot_leaves_the_check_incomplete_and_accuses_nobody() -> None:
    report = verified(smallest(), backend=NoEngine())
    assert report.verdict.outcome is Outcome.INCOMPLETE
    assert Status.MISMATCH not in {step.status for step in report.steps}
    for id in ("signer", "attestation", "ceremony"):
        assert report.step(id).status is Status.COULD_NOT_CHECK


def test_every_signature_is_really_asked_for() -> None:
    """Signer, operator, every record of the log, the evidence and two links of each member, and every witness."""
    asked: list[SignatureCheck] = []

    class Counting:
        name = "counting"

        async def verify(self, check: SignatureCheck) -> None:
            asked.append(check)
            await BACKEND.verify(check)

    assert verified(smallest(), backend=Counting()).verdict.outcome is Outcome.VERIFIED
    signatures = {check.signature for check in asked}
    members, records, witnesses = 3, 2, 3
    assert len(signatures) == records + 1 + 3 * members + witnesses


def test_the_signatures_are_not_the_only_thing_that_is_checked() -> None:
    """With an engine that says yes to everything, changed evidence still does not verify."""
    assert verified(smallest(), backend=YesEngine()).verdict.outcome is Outcome.VERIFIED
    for case in ("wrong-digest_fail", "unconfirmed_fail", "half-of-the-fleet_fail", "unpromised-ceremony-broken_fail"):
        loaded = harness.load(case)
        report = verified(loaded.files, backend=YesEngine(), expected_digest=loaded.evidence_digest)
        assert report.verdict.outcome is not Outcome.VERIFIED, case


# --- scope ----------------------------------------------------------------------------------------------------------


def test_no_rehearsal_ever_gets_a_production_verdict_that_is_verified() -> None:
    for name in harness.names():
        case = harness.load(name)
        if case.expected.refused is None:
            report = run(case)
            assert (report.verdict.scope, report.verdict.outcome) != (Scope.PRODUCTION, Outcome.VERIFIED), name


def test_a_report_says_what_it_is_about() -> None:
    report = verified(smallest())
    assert (report.deployment, report.distribution, report.procedure_version) == (ID, "over-the-air", VERSION)
    assert report.trust_digest == trust().rehearsal.digest
    assert report.clock == "2026-11-22T12:00:00Z"
    unreadable = verified({**smallest(), "deployment.json": b"{}"})
    assert (unreadable.deployment, unreadable.distribution) == (None, None)
    assert unreadable.trust_digest == trust().production.digest
    assert verified({"deployment.json": smallest()["deployment.json"]}).evidence_digest is None


def test_the_same_input_gives_the_same_bytes() -> None:
    assert verified(smallest()).to_bytes() == verified(dict(reversed(list(smallest().items())))).to_bytes()
    assert verified(smallest(), clock=datetime(2026, 11, 23, tzinfo=UTC)).digest == verified(smallest()).digest
