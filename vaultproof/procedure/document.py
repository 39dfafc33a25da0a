"""Reader of ``evidence/procedure/<version>.md``: the document that decides which checks run.

Front matter (TOML between ``+++`` lines) gives the steps; the body has one ``## <id>`` section a step, in the same
order, that the site renders and ``vaultproof explain`` prints.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping

from vaultproof.errors import Malformed, Unsupported
from vaultproof.evidence.files import sha256_hex
from vaultproof.frozen import frozen
from vaultproof.strict.encodings import clip
from vaultproof.strict.records import Reader

MAX_PROCEDURE_BYTES = 256 * 1024


@frozen
class ProcedureStep:
    """One step as published: what is asked, compared, established and not, what it rests on, what it needs first.

    ``contradicts_without`` are needed steps that may be incomplete: this one then looks for contradictions alone.
    """

    id: str
    title: str
    question: str
    doing: str
    compares: str
    establishes: str
    does_not_establish: str
    rests_on: str
    needs: tuple[str, ...]
    contradicts_without: tuple[str, ...]
    text: str


@frozen
class Plan:
    """The ordered steps of one distribution: ``required`` always, ``if_promised`` when the announcement promised."""

    distribution: str
    order: tuple[str, ...]
    required: frozenset[str]
    if_promised: frozenset[str]


@frozen
class Procedure:
    """One version of the procedure; ``digest`` is the SHA-256 of the document's bytes, lower-case hex."""

    version: str
    published: str
    whitepaper_sha256: str | None
    steps: Mapping[str, ProcedureStep]
    plans: Mapping[str, Plan]
    introduction: str
    digest: str

    def plan(self, distribution: str) -> Plan:
        """The plan of a distribution.  Raises ``Unsupported`` when this version has none for it."""
        try:
            return self.plans[distribution]
        except KeyError:
            raise Unsupported(
                "distribution", "this procedure has no steps for the distribution", found=clip(distribution)
            ) from None


def read_procedure(data: bytes, *, file: str = "procedure") -> Procedure:
    """A typed procedure from its document.  Raises ``Malformed`` where front matter and body disagree."""
    if len(data) > MAX_PROCEDURE_BYTES:
        raise Malformed("procedure-too-large", "the procedure is too large", file=file)
    try:
        text = data.decode("utf-8")
        matched = re.fullmatch(r"\+\+\+\n(.*?)\n\+\+\+\n(.*)", text, re.DOTALL)
        front = tomllib.loads(matched[1]) if matched else None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Malformed("procedure-syntax", "the procedure cannot be read", file=file, found=str(error)) from None
    if matched is None or front is None:
        raise Malformed("procedure-syntax", "no front matter between +++ lines", file=file)
    introduction, sections = _sections(matched[2], file)
    reader = Reader(front, file=file)
    reader.schema("procedure")
    steps = _steps(reader, sections, file)
    procedure = Procedure(
        version=reader.text("version", maximum=20),
        published=reader.text("published", maximum=20),
        whitepaper_sha256=reader.optional_text("whitepaper_sha256", pattern="[0-9a-f]{64}"),
        steps=steps,
        plans=_plans(reader, steps),
        introduction=introduction,
        digest=sha256_hex(data),
    )
    reader.done()
    if tuple(sections) != tuple(steps):
        raise Malformed(
            "procedure-order", "front matter and sections name different steps", file=file,
            expected=", ".join(steps), found=", ".join(sections),
        )  # fmt: skip
    return procedure


def _sections(body: str, file: str) -> tuple[str, dict[str, str]]:
    parts = re.split(r"^## ([a-z-]+)\n", body, flags=re.MULTILINE)
    names = parts[1::2]
    if len(set(names)) != len(names):
        raise Malformed("procedure-order", "a section stands twice", file=file)
    return parts[0].strip(), {name: text.strip() for name, text in zip(names, parts[2::2], strict=True)}


def _steps(reader: Reader, sections: Mapping[str, str], file: str) -> dict[str, ProcedureStep]:
    """The steps by id: each stands once, and needs only steps before it (else nothing would ever withhold it)."""
    steps: dict[str, ProcedureStep] = {}
    for item in reader.objects("step", maximum=100):
        step = _step(item, sections, file)
        if step.id in steps:
            raise item.wrong("id", "an id of its own", step.id)
        for index, id in enumerate(step.needs):
            if id not in steps:
                raise item.wrong(f"needs/{index}", "a step that stands before this one", id)
        steps[step.id] = step
    return steps


def _step(reader: Reader, sections: Mapping[str, str], file: str) -> ProcedureStep:
    id = reader.text("id", maximum=40, pattern=r"[a-z]+(-[a-z]+)*")
    step = ProcedureStep(
        id=id,
        title=reader.text("title", maximum=80),
        question=reader.text("question", maximum=120),
        doing=reader.text("doing", maximum=120),
        compares=reader.text("compares"),
        establishes=reader.text("establishes"),
        does_not_establish=reader.text("does_not_establish"),
        rests_on=reader.text("rests_on"),
        needs=reader.texts("needs"),
        contradicts_without=reader.texts("contradicts_without") if reader.has("contradicts_without") else (),
        text=sections.get(id, ""),
    )
    reader.done()
    for index, needed in enumerate(step.contradicts_without):
        if needed not in step.needs:
            raise reader.wrong(f"contradicts_without/{index}", "a step that this one needs", needed)
    if not step.text:
        raise Malformed("procedure-order", "a step has no section", file=file, expected=f"## {id}")
    return step


def _plans(reader: Reader, steps: Mapping[str, ProcedureStep]) -> dict[str, Plan]:
    plans: dict[str, Plan] = {}
    for item in reader.objects("plan", maximum=100):
        plan = _plan(item, steps)
        if plan.distribution in plans:
            raise item.wrong("distribution", "a distribution of its own", plan.distribution)
        plans[plan.distribution] = plan
    return plans


def _plan(reader: Reader, steps: Mapping[str, ProcedureStep]) -> Plan:
    plan = Plan(
        distribution=reader.text("distribution", maximum=40),
        order=reader.texts("order"),
        required=frozenset(reader.texts("required")),
        if_promised=frozenset(reader.texts("if_promised")),
    )
    reader.done()
    for id in (*plan.order, *sorted(plan.required | plan.if_promised)):
        if id not in steps or id not in plan.order:
            raise reader.wrong("order", "steps that the document defines and orders", id)
    if list(plan.order) != [id for id in steps if id in plan.order]:
        raise reader.wrong("order", "steps in the document's order, each once", list(plan.order))
    if not plan.required:
        raise reader.wrong("required", "at least one step", [])
    return plan
