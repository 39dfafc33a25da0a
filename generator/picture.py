"""The trust chain as a picture: boxes for parties and things, vertical links that name the step which checked them.

Coordinates are computed here, so that the template only draws; every link has a sentence, and the list of sentences is
the picture in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from generator.formatting import count_text
from vaultproof.evidence.deployment import HARDCODED, Deployment
from vaultproof.presentation.view import StepView
from vaultproof.trust.configuration import TrustConfiguration

WIDTH = 800
MARGIN = 20
BOX = 240
APART = 20
HEIGHT = 66
GAP = 84
WIDE = 2 * BOX + APART
FULL = WIDTH - 2 * MARGIN
MAX_TEXT = 30
"""Characters that fit into a box of width ``BOX``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A box, in user units: ``kind`` is ``pinned``, ``thing`` or ``yours``."""

    id: str
    kind: str
    title: str
    detail: str
    x: int
    y: int
    width: int
    height: int = HEIGHT

    @property
    def centre(self) -> int:
        """The middle, from the left."""
        return self.x + self.width // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link from one box down to another: the step that checked it, its state, and what it claims, as a sentence.

    ``number``, ``status`` and ``status_label`` are those of the step; ``label`` fits beside the line.
    """

    step: str
    number: int
    status: str
    status_label: str
    label: str
    sentence: str
    x: int
    top: int
    bottom: int

    @property
    def middle(self) -> int:
        """Where the state is drawn, from the top."""
        return (self.top + self.bottom) // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The whole drawing; ``description`` says what it shows in one sentence."""

    width: int
    height: int
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    description: str


def trust_picture(
    deployment: Deployment, trust: TrustConfiguration, steps: Sequence[StepView], *, keys: int
) -> Picture:
    """The picture of one deployment; ``steps`` are those that ran, ``keys`` is how many fleet keys it publishes."""
    drawing = _Drawing(steps)
    hardcoded = deployment.distribution == HARDCODED
    vendors = sorted({anchor.name for anchor in trust.anchors if anchor.technology == deployment.technology})
    root = drawing.box("root", "pinned", "Maker's root key", ", ".join(vendors) or "none is pinned", 2, 0)
    hsms = drawing.box("hsms", "thing", count_text(len(deployment.members), "HSM"), _sites(deployment), 2, 1)
    source = _app_package(drawing, deployment) if hardcoded else _signed_record(drawing, deployment, trust)
    fleet = drawing.box("keys", "thing", count_text(keys, "fleet key"), "the keys that apps use", 0, 2, width=FULL)
    yours = drawing.box("app", "yours", "Your app", "only you can compare it", 1, 3)
    vouching = "That the maker's pinned root key vouches for the HSMs, and each HSM signed what it holds."
    drawing.link("attestation", root, hsms, "vouches for", vouching)
    if hardcoded:
        drawing.link("app-pin", source, fleet, "contains", "That the app package contains the fleet keys.")
    else:
        naming = "That the record names the SHA-256 of the key file, which lists the fleet keys."
        drawing.link("digest", source, fleet, "names, by SHA-256", naming)
    drawing.link(
        "keys", hsms, fleet, "hold", "That the HSMs hold the fleet keys: what they attest is what is published."
    )
    drawing.link("your-app", fleet, yours, "yours to compare", "That your app uses these keys: only you can compare.")
    return drawing.picture()


def _signed_record(drawing: _Drawing, deployment: Deployment, trust: TrustConfiguration) -> Node:
    namespace = trust.namespace(deployment.namespace or "")
    signer = trust.signer(namespace.signer) if namespace else None
    operator = trust.operator(deployment.operator)
    first = drawing.box("signer", "pinned", "Signer's key", signer.name if signer else "none is pinned", 0, 0)
    second = drawing.box("operator", "pinned", "Operator's key", operator.name if operator else "none is pinned", 1, 0)
    record = drawing.box(
        "record", "thing", f"Signed record, epoch {deployment.epoch}", deployment.namespace or "", 0, 1, width=WIDE
    )
    drawing.link("signer", first, record, "signed", "That the independent signer's pinned key signed the record.")
    drawing.link("counter-signature", second, record, "confirmed",
                 "That the operator's pinned key confirmed the signer's signature.")  # fmt: skip
    return record


def _app_package(drawing: _Drawing, deployment: Deployment) -> Node:
    app = deployment.app
    name = f"{app.name} {app.version} ({app.platform})" if app else ""
    return drawing.box("package", "thing", "App package", name, 0, 1, width=WIDE)


def _sites(deployment: Deployment) -> str:
    return f"in {count_text(len(deployment.sites), 'site')}"


class _Drawing:
    """Boxes on a grid of three columns, and the links between them."""

    def __init__(self, steps: Sequence[StepView]) -> None:
        self._steps = {step.id: step for step in steps}
        self._nodes: list[Node] = []
        self._links: list[Link] = []

    def box(self, id: str, kind: str, title: str, detail: str, column: int, row: int, *, width: int = BOX) -> Node:
        """Add a box at a place of the grid."""
        fits = MAX_TEXT * width // BOX
        node = Node(
            id=id, kind=kind, title=title, detail=detail if len(detail) <= fits else detail[: fits - 1] + "…",
            x=MARGIN + column * (BOX + APART), y=MARGIN + row * (HEIGHT + GAP), width=width,
        )  # fmt: skip
        self._nodes.append(node)
        return node

    def link(self, step: str, upper: Node, lower: Node, label: str, sentence: str) -> None:
        """Join two boxes by the step that checked it; a step that the procedure does not have draws nothing."""
        view = self._steps.get(step)
        if view is None:
            return
        narrow = upper if upper.width <= lower.width else lower
        self._links.append(
            Link(
                step=step, number=view.number, status=view.status, status_label=view.status_label, label=label,
                sentence=sentence, x=narrow.centre, top=upper.y + upper.height, bottom=lower.y,
            )
        )  # fmt: skip

    def picture(self) -> Picture:
        """Everything drawn so far; links in the order of their steps."""
        return Picture(
            width=WIDTH,
            height=max(node.y + node.height for node in self._nodes) + MARGIN,
            nodes=tuple(self._nodes),
            links=tuple(sorted(self._links, key=lambda link: link.number)),
            description="From pinned keys at the top to the fleet's keys: who vouches for what, and by which step.",
        )
