"""What the doctor says: findings, each with its place, its figure, and what to try."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

__all__ = ["Finding", "Report"]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    kind:   a name to program with, such as "dead ReLU"
    where:  the path of the layer or parameter, "inputs", "labels", "outputs", "loss" or "optimizer"
    figure: the number that tells
    text:   the same in plain words
    advice: what to try
    """

    kind: str
    where: str
    figure: float
    text: str
    advice: str

    def __str__(self) -> str:
        return f"{self.kind} ({self.where}): {self.text}\n   try: {self.advice}"


class Report(Sequence[Finding]):
    """All findings, the causes before their consequences. It is empty (and `ok`) for a healthy net.

    >>> print(Report("Net", 64, []))
    Net, looked at with 64 samples: nothing to complain about.
    """

    def __init__(self, title: str, samples: int, findings: list[Finding]) -> None:
        self.title, self.samples, self.findings = title, samples, findings

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    @property
    def kinds(self) -> set[str]:
        """The kinds of what was found."""
        return {finding.kind for finding in self.findings}

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> list[Finding]: ...
    def __getitem__(self, index: int | slice) -> Any:
        return self.findings[index]

    def __len__(self) -> int:
        return len(self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __str__(self) -> str:
        begin = f"{self.title}, looked at with {self.samples} samples: "
        if self.ok:
            return begin + "nothing to complain about."
        count = "1 finding" if len(self) == 1 else f"{len(self)} findings"
        return "\n".join([begin + count + ".", *[f"{k}. {finding}" for k, finding in enumerate(self, 1)]])

    def __repr__(self) -> str:
        return f"<Report: {', '.join(sorted(self.kinds)) or 'nothing found'}>"

    def _repr_html_(self) -> str:
        """A table, for a notebook."""
        if self.ok:
            return f"<p>{html.escape(str(self))}</p>"
        cells = [(f.kind, f.where, f.text, f.advice) for f in self]
        rows = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in cells)
        head = "".join(f"<th>{title}</th>" for title in ("finding", "where", "what was seen", "what to try"))
        return f"<p>{html.escape(str(self).splitlines()[0])}</p><table><tr>{head}</tr>{rows}</table>"
