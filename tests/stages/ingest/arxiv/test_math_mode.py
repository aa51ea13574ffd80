r"""`\ifmmode`: each use becomes what it prints where it stands."""

from __future__ import annotations

import pytest

from stages.ingest.arxiv.macros import Expander
from stages.ingest.arxiv.math_mode import decide_math_tests
from tests.linear import assert_linear

PREAMBLE = (
    r"\def\sym#1{\ifmmode^{#1}\else\(^{#1}\)\fi}\newcommand{\deg}{\ifmmode^\circ\else$^\circ$\fi}"
    r"\def\pt{\ifmmode\,\mathrm{pt}\else pt\fi}\def\m{\ifmmode M\fi}\newcommand{\be}{\begin{equation}}"
)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"0.1\sym{***} & $2\sym{*}$ x", r"0.1\(^{***}\) & $2^{*}$ x"),
        (r"5\deg C at $5\deg$", r"5$^\circ$ C at $5^\circ$"),
        (r"\sym{*}a \sym{*} b", r"\(^{*}\)a \(^{*}\) b"),
        (
            r"\[ 5\deg \text{ or 6\deg, $7\deg$} 8\deg\] 9\deg.",
            r"\[ 5^\circ \text{ or 6$^\circ$, $7^\circ$} 8^\circ\] 9$^\circ$.",
        ),
        (r"$$x\pt$$ 3\pt", r"$$x\,\mathrm{pt}$$ 3pt"),
        (r"\begin{align*}x^\pt\end{align*}3\pt", r"\begin{align*}x^{\,\mathrm{pt}}\end{align*}3pt"),
        (r"\be x\m\end{equation}\m", r"\begin{equation} xM\end{equation}"),
        (r"\ensuremath{\pt} \textbf{\pt} \$\pt", r"\ensuremath{\,\mathrm{pt}} \textbf{pt} \$pt"),
        ("a dollar $ is\n\n3\\pt", "a dollar $ is\n\n3pt"),
        (r"{$x} $\pt$", r"{$x} $\,\mathrm{pt}$"),
    ],
)
def test_uses_in_formulas_and_in_text(body: str, text: str) -> None:
    expander = Expander()
    expander.collect(PREAMBLE)
    assert expander.expand(body) == text
    assert not expander.complex


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"a \ifmmode b\else c\fi d", "a cd"),
        (r"$\ifmmode b\else c\fi d$", "$bd$"),
        (r"\ifmmode b\else\ifx\a\b c\else d\fi\fi e", r"\ifx\a\b c\else d\fi e"),
        (r"$\ifmmode\ifmmode x\else y\fi\else z\fi$", "$x$"),
        (r"\ifmmode b", r"\ifmmode b"),
        (r"\iffoo b\fi", r"\iffoo b\fi"),
    ],
)
def test_branches(source: str, text: str) -> None:
    assert decide_math_tests(source) == text


@pytest.mark.parametrize(
    "piece",
    [r"\ifmmode a\else b\fi$", r"\ifmmode ", r"{\ifmmode a\fi", r"\fi\else\ifmmode ", "$\n\n\\ifmmode\\fi{"],
)
def test_formulas_are_followed_in_linear_time(piece: str) -> None:
    assert_linear(decide_math_tests, lambda size: "\\ifmmode\\fi" + piece * size, 1_000)
