"""What a walk through a service found: one object for programs, a few lines for people."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was tried. `detail` says what was seen or, when `ok` is false, what was not as it should be."""

    name: str
    ok: bool
    seconds: float
    detail: str

    def to_document(self) -> dict[str, object]:
        """Return the step as JSON values."""
        return {"name": self.name, "ok": self.ok, "seconds": round(self.seconds, 3), "detail": self.detail}


@dataclass(frozen=True, slots=True)
class Report:
    """A walk from its first step to its last, or to the first that failed."""

    scenario: str
    steps: tuple[Step, ...]
    seconds: float

    @property
    def ok(self) -> bool:
        """Tell whether there were steps and every one of them held."""
        return bool(self.steps) and all(step.ok for step in self.steps)

    def to_document(self) -> dict[str, object]:
        """Return the report as the one JSON object that `--json` prints."""
        return {
            "scenario": self.scenario,
            "ok": self.ok,
            "seconds": round(self.seconds, 3),
            "steps": [step.to_document() for step in self.steps],
        }

    def to_text(self) -> str:
        """Return one line per step and a last line with the outcome."""
        lines = [
            f"{'ok ' if step.ok else 'NO '} {step.seconds:6.2f} s  {step.name}: {step.detail}" for step in self.steps
        ]
        held = sum(step.ok for step in self.steps)
        outcome = f"all {held} steps hold" if self.ok else f"{held} steps hold, then it stops"
        return "\n".join([*lines, f"{self.scenario}: {outcome} ({self.seconds:.1f} s)"])
