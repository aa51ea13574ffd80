"""Inputs that macros name, conditions that are known, arXiv's 00README, and what is cut where a paper has no sections."""

from __future__ import annotations

import json

import pytest

from stages.ingest.arxiv.body import running_text
from stages.ingest.arxiv.conditions import decide_conditions
from stages.ingest.arxiv.paper import paper_of
from stages.ingest.arxiv.readme import Readme, parse_readme
from stages.ingest.raw import Change, Loss, RawDocument
from tests.linear import assert_linear

TWO = {"sections/two.tex": "second", "parts/one.tex": "first"}


def paper(body: str, preamble: str = "", files: dict[str, str] | None = None) -> RawDocument:
    main = f"\\documentclass{{article}}\n{preamble}\\begin{{document}}\n{body}\n\\end{{document}}\n"
    return paper_of_files({"main.tex": main} | (TWO if files is None else files))


def paper_of_files(files: dict[str, str]) -> RawDocument:
    found = paper_of("", {name: text.encode() for name, text in files.items()}, None, False, False)
    assert isinstance(found, RawDocument)
    return found


@pytest.mark.parametrize(
    ("preamble", "body", "text"),
    [
        ("\\newcommand{\\secdir}{sections}", "\\input{\\secdir/two}", "second"),
        ("", "\\newcommand{\\secdir}{sections}\\input{\\secdir/two}", "second"),
        ("\\def\\secdir{sections/}", "\\input{\\secdir two}", "second"),
        ("\\def\\secdir{sections}", "\\input\\secdir/two\nrest", "second\nrest"),
        ("\\newcommand{\\chapterfile}[1]{\\input{parts/#1}}", "\\chapterfile{one}", "first"),
        (
            "\\newcommand{\\sect}[2]{\\subsection{#1}\\input{#2}}",
            "\\sect{A}{parts/one}",
            "\\subsection{A}first",
        ),
        ("\\newcommand{\\c}[1]{\\inp{one}}\\newcommand{\\inp}[1]{\\input{parts/#1}}", "\\c{}", "first"),
        ("\\newcommand{\\both}{\\input{parts/one} \\include{sections/two}}", "\\both", "first second"),
        ("\\let\\inp\\input", "\\inp{sections/two}", "second"),
        ("\\newcommand{\\inp}{\\input}", "\\inp{sections/two}", "second"),
        ("\\def\\d{sections}", "\\import{\\d}{two}", "second"),
        (
            "\\def\\d{x}",
            "\\renewcommand{\\d}{parts}\\input{\\d/one}\\renewcommand{\\d}{sections}\\input{\\d/two}",
            "firstsecond",
        ),
        ("", "\\InputIfFileExists{sections/two}{then }{else}", "then second"),
        ("", "\\InputIfFileExists{gone}{then }{else \\input{parts/one}}", "else first"),
        ("", "\\IfFileExists{parts/one.tex}{\\input{parts/one}}{none}", "first"),
        ("\\newcommand{\\x}{\\unknown}", "\\input{\\x/two}", "\\input{\\unknown/two}"),
    ],
)
def test_inputs_that_macros_name(preamble: str, body: str, text: str) -> None:
    assert paper("\\section{I}\n" + body, preamble + "\n").text == f"\\section{{I}}\n{text}\n"


def test_the_name_of_the_main_file_is_a_macro() -> None:
    found = paper("\\section{I}\n\\input{\\jobname-intro}", "", {"main-intro.tex": "It begins."})
    assert (found.text, found.metadata["files"]) == (
        "\\section{I}\nIt begins.\n",
        ["main.tex", "main-intro.tex"],
    )


def test_macros_of_own_styles_name_inputs() -> None:
    files = TWO | {"own.sty": "\\newcommand{\\chapterfile}[1]{\\input{parts/#1}}\n"}
    assert (
        paper("\\section{I}\n\\chapterfile{one}", "\\usepackage{own}\n", files).text
        == "\\section{I}\nfirst\n"
    )


def test_macros_of_own_classes_and_styles_are_text_or_stay() -> None:
    files = {
        "own.cls": "\\LoadClass{article}\\RequirePackage{more}\\newcommand{\\eg}{e.g.}\\def\\keys#1{\\vskip 1pt\\hbox{#1}}",
        "more.sty": "\\newcommand{\\R}{\\mathbb{R}}\\def\\x{\\@xx}\\newcommand\\hw{\\hspace{1em}}\\def\\y{\\leavevmode\\x}\n",
    }
    main = "\\documentclass{own}\\begin{document}\\section{I}\\eg $\\R$ \\keys{a} \\x \\hw \\y\\end{document}"
    assert (
        paper_of_files({"ms.tex": main} | files).text
        == "\\section{I}e.g. $\\mathbb{R}$ \\keys{a} \\x \\hw \\y\n"
    )


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("a\\if0 hidden\\fi b", "ab"),
        ("a\n\\if0\nhidden\n\\fi\nb", "a\nb"),
        ("a \\if00 x\\else y\\fi b", "a xb"),
        ("\\if01 x\\else y\\fi b", "yb"),
        ("\\if11x\\fi", "x"),
        ("\\iftrue x\\else y\\fi b", "x b".replace(" ", "")),
        ("\\ifnum0=1 x\\else y\\fi", "y"),
        ("\\ifnum 1 < 2 x\\fi", "x"),
        ("\\newif\\ifdraft\\ifdraft x\\else y\\fi", "y"),
        ("\\newif\\ifdraft\n\\drafttrue\n\\ifdraft x\\else y\\fi", "x"),
        ("\\newif\\ifdraft \\drafttrue \\draftfalse \\ifdraft x\\fi z", "z"),
        ("\\newif\\ifd\\ifd a\\ifx\\u\\v b\\else c\\fi d\\else e\\fi f", "ef"),
        (
            "\\newif\\ifd\\dtrue\\ifd a\\ifx\\u\\v b\\else c\\fi d\\else e\\fi f",
            "a\\ifx\\u\\v b\\else c\\fi df",
        ),
        ("\\newif\\ifd \\newcommand{\\on}{\\dtrue}\\ifd x\\fi", "\\newcommand{\\on}{\\dtrue}\\ifd x\\fi"),
        ("\\newif\\ifd \\newcommand{\\x}{\\ifd a\\else b\\fi}", "\\newcommand{\\x}{b}"),
        ("\\newif\\ifd \\newcommand{\\x}{\\ifd a\\fi}\\dtrue", "\\newcommand{\\x}{\\ifd a\\fi}"),
        ("\\newcommand{\\blind}{0}\\if0\\blind x\\else y\\fi", "\\newcommand{\\blind}{0}x"),
        ("\\def\\blind{1}\\if0\\blind x\\else y\\fi", "\\def\\blind{1}y"),
        (
            "\\let\\hide=\\iffalse \\let\\endhide=\\fi a\\hide b\\endhide c",
            "\\let\\hide=\\iffalse \\let\\endhide=\\fi ac",
        ),
        ("\\ifx\\a\\b x\\fi", "\\ifx\\a\\b x\\fi"),
        ("\\newif\\ifd \\ifthenelse{\\a}{b}{c} \\ifd x\\fi y", "\\ifthenelse{\\a}{b}{c} y"),
        ("\\iftrue never ends {", "\\iftrue never ends {"),
        ("\\def\\a{\\iftrue} x \\fi", "\\def\\a{\\iftrue} x \\fi"),
        ("\\newif\\ifd \\ifd x\\fi\\foo\\iftrue bar\\fi", "\\foo bar"),
    ],
)
def test_conditions_that_are_known(source: str, text: str) -> None:
    assert decide_conditions(source) == text


def test_conditions_hold_over_files_and_styles() -> None:
    files = {
        "own.sty": "\\newif\\iflong\\longtrue\\newif\\ifopt\\DeclareOption{o}{\\opttrue}",
        "a.tex": "\\iflong long\\fi\n",
    }
    body = "\\section{I}\n\\input{a} \\longfalse\\iflong x\\else y\\fi \\ifopt z\\fi"
    found = paper(body, "\\usepackage{own}\n", files)
    assert found.text == "\\section{I}\nlong y\\ifopt z\\fi\n"


def test_other_names_of_a_false_condition_hide_text() -> None:
    assert (
        paper("\\section{A}\nx \\hide y \\endhide z", "\\let\\hide\\iffalse\n\\let\\endhide\\fi\n").text
        == "\\section{A}\nx z\n"
    )


def test_a_file_that_is_only_looked_for_is_not_read() -> None:
    found = paper("\\section{A}\n\\IfFileExists{parts/one}{x \\input{parts/one}}{y}")
    assert (found.text, found.metadata["files"]) == ("\\section{A}\nx first\n", ["main.tex", "parts/one.tex"])


def test_trap_hostile_conditions_and_inputs_take_linear_time() -> None:
    for unit in ("\\ifd{", "\\ifd x", "\\ifd x\\else y\\fi ", "\\dtrue{\\fi", "\\if0"):
        assert_linear(decide_conditions, lambda n, u=unit: "\\newif\\ifd" + u * n, 1_000)
    assert_linear(decide_conditions, lambda n: "\\if0" * n + "\\fi" * n, 1_000)
    main = "\\documentclass{a}\\def\\d{x}\\def\\inp#1{\\input{\\d/#1}}\\begin{document}\\section{I}"
    for unit in ("\\input{\\d/", "\\inp{x", "\\inp{x}", "\\inp"):
        assert_linear(paper_of_files, lambda n, u=unit: {"ms.tex": main + u * n}, 300)


SOURCES = [{"filename": "b.tex", "usage": "toplevel"}, {"filename": "old.tex", "usage": "ignore"}]
YAML = "sources:\n- filename: b.tex\n  usage: toplevel\n- filename: old.tex\n  usage: ignore\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("00README.json", json.dumps({"version": 1, "sources": SOURCES})),
        ("00README.yaml", YAML),
        ("00readme.yml", YAML),
        ("00README.XXX", "nostamp\n./b.tex toplevelfile\nold.tex ignore\n"),
        ("00README", "b.tex toplevelfile\r\nold.tex ignore\r\n"),
    ],
)
def test_the_readme_names_what_to_start_from_and_what_to_leave_out(name: str, text: str) -> None:
    long = (
        "\\documentclass{article}\\begin{document}\\section{%s} \\input{old}"
        + "word " * 50
        + "\\end{document}"
    )
    files = {"a.tex": long % "A" * 3, "b.tex": long % "B", "old.tex": "old text", name: text}
    for folder in ("", "1234/"):
        found = paper_of_files({folder + path: content for path, content in files.items()})
        assert found.metadata["main_file"] == folder + "b.tex"
        assert "old text" not in found.text


@pytest.mark.parametrize(
    "text", ["", "{", "sources: [", "a: &a [*a]", "[" * 20_000, '{"sources": [1, {"usage": 2}]}']
)
def test_a_readme_that_says_nothing(text: str) -> None:
    assert parse_readme(text) == Readme()


def test_nothing_of_anc_is_read() -> None:
    body = "\\documentclass{article}\\begin{document}\\section{%s}%s\\end{document}"
    files = {
        "anc/main.tex": body % ("Code", "word " * 500),
        "ms.tex": body % ("Paper", "\\input{anc/more}"),
        "anc/more.tex": "x",
    }
    assert paper_of_files(files).text == "\\section{Paper}\n"
    lost = paper_of("", {"anc/main.tex": files["anc/main.tex"].encode()}, None, False, False)
    assert isinstance(lost, Loss)


BIBLIOGRAPHY = "\\begin{thebibliography}{9}\\bibitem{a} A.\\end{thebibliography}\n"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("\\maketitle\nBody.\n" + BIBLIOGRAPHY + "\\section{Supplement}\nMore.", "Body."),
        (
            "\\title{T}\\maketitle\\begin{abstract}We.\\end{abstract}\nBody.\n\\bibliography{b}\n\\section{S}\nMore.",
            "Body.",
        ),
        ("Body.\n" + BIBLIOGRAPHY + "\\section*{Methods}\nMore.", "Body."),
        (
            "\\maketitle\nBody.\n\\section*{Acknowledgements}\nThanks.\n\\bibliography{b}",
            "Body.\n\\section*{Acknowledgements}\nThanks.",
        ),
        (
            "\\maketitle\nBody.\n\\paragraph{Next} More.\n\\bibliography{b}\n\\section{S}",
            "Body.\n\\paragraph{Next} More.",
        ),
        ("\\section{A}\nBody.\n\\newpage\\setcounter{page}{1}\n\\bibliography{b}", "\\section{A}\nBody."),
        (
            "\\section{A}\nBody.\n\n\\clearpage\n\\renewcommand{\\thefigure}{S\\arabic{figure}}\n\\setcounter{figure}{0}\n\\appendix\nB",
            "\\section{A}\nBody.",
        ),
        (
            "\\section{A}\nBody.\n\\addcontentsline{toc}{section}{References}\n{\\small\n\\bibliography{b}}",
            "\\section{A}\nBody.",
        ),
        ("\\section{A}\nSet \\newpage in TeX.", "\\section{A}\nSet \\newpage in TeX."),
        (
            "\\chapter{A}\nOne.\n" + BIBLIOGRAPHY + "\\chapter{B}\nTwo.\n" + BIBLIOGRAPHY + "\\section{Rest}",
            "\\chapter{A}\nOne.\n\n\\chapter{B}\nTwo.",
        ),
        (
            "\\chapter{A}\nOne.\n\\bibliography{a}\n\\chapter{B}\nTwo.\n\\bibliography{b}\n\\appendix\\chapter{C}\nThree.",
            "\\chapter{A}\nOne.\n\n\\chapter{B}\nTwo.",
        ),
        (
            "\\chapter{A}\nOne.\n\\putbib[a]\n\\chapter{B}\nTwo.\n\\putbib",
            "\\chapter{A}\nOne.\n\n\\chapter{B}\nTwo.",
        ),
        ("\\chapter{A}\nOne.\n\\bibliography{a}\n\\chapter{Appendix}\nTwo.", "\\chapter{A}\nOne."),
    ],
)
def test_what_is_cut_of_papers_without_sections_and_of_those_with_chapters(body: str, text: str) -> None:
    assert paper(body).text == text + "\n"


def test_the_ledger_tells_the_share_of_words_that_stayed() -> None:
    found = paper("front matter here \\maketitle \\section{A} one two\n\\bibliography{b} more", "")
    assert found.changes == (Change("kept_words", 3 / 9, 0.3, "3 of 9 words", 52),)
    assert paper("\\section{A} one two").changes == ()


STANDALONE = {
    "figs/x.tex": "\\documentclass{standalone}\n\\usepackage{tikz}\n\\begin{document}A figure.\\end{document}\n",
}


@pytest.mark.parametrize(
    ("preamble", "body"),
    [
        ("", "see \\includestandalone{figs/x} here"),
        ("", "see \\includestandalone[width=1cm]{figs/x} here"),
        ("\\newcommand{\\dir}{figs}", "see \\includestandalone[width=1cm]{\\dir/x} here"),
    ],
)
def test_a_standalone_document_stands_in_its_place(preamble: str, body: str) -> None:
    found = paper("\\section{A}\n" + body, preamble, STANDALONE)
    assert found.text == "\\section{A}\nsee A figure. here\n"
    assert found.metadata == {
        "main_file": "main.tex",
        "files": ["main.tex", "figs/x.tex"],
        "encoding": "utf-8",
    }


@pytest.mark.parametrize(
    "source",
    [
        r"\expandafter\input\expandafter{\f}",
        r"\csname input\endcsname{sections/two}",
        r"\expandafter\include{sections/two}",
    ],
)
def test_an_input_whose_name_is_expanded_first(source: str) -> None:
    body = rf"\section{{A}} a {source} \expandafter\b\csname c\endcsname"
    assert paper(body, r"\def\f{sections/two}").text == "\\section{A} a second \\expandafter\\b\\c\n"


CHAPTER = "\\chapter{One} " + "text " * 60


@pytest.mark.parametrize(
    ("front", "kept"),
    [
        ("\\chapter*{Declaration}d\\subsection*{Part A}e\\tableofcontents", ""),
        ("\\chapter*{Impact Statement}d\\section*{x}\\tableofcontents", ""),
        ("\\addchap{Abstract}d", ""),
        ("\\chapter*{Publications}p\\printbibliography\\mainmatter", ""),
        ("\\frontmatter\\chapter*{Thanks}d\\mainmatter", ""),
        ("\\chapter*{Introduction}d\\tableofcontents", "\\chapter*{Introduction}d\\tableofcontents"),
        ("\\chapter{Story}d\\tableofcontents", "\\chapter{Story}d\\tableofcontents"),
        ("\\section*{Story}d\\tableofcontents", "\\section*{Story}d\\tableofcontents"),
        ("\\addchap{Introduction}d", "\\addchap{Introduction}d"),
        ("\\section{Abstract nonsense}d", "\\section{Abstract nonsense}d"),
    ],
)
def test_the_front_matter_of_books(front: str, kept: str) -> None:
    assert running_text(front + CHAPTER) == kept + CHAPTER.strip() + "\n"


@pytest.mark.parametrize(
    ("tail", "kept"),
    [
        ("\\begin{bibdiv}\\begin{biblist}\\bib{x}{book}{}\\end{biblist}\\end{bibdiv}", ""),
        ("\\section*{Literatur} A, B\\section*{Danksagung} c", ""),
        ("\\addchap{Bibliographie} A, B", ""),
        ("\\section{Bibliographie} A\\section{Suite} B", "\\section{Bibliographie} A\\section{Suite} B"),
        ("\\begin{singlespace}\n\\bstctlcite{a}\n\\bibliography{b}", ""),
    ],
)
def test_more_bibliographies(tail: str, kept: str) -> None:
    assert running_text("\\section{One} a\n" + tail) == ("\\section{One} a\n" + kept).strip() + "\n"


def test_delimiters_and_robust_commands_of_own_styles_are_text() -> None:
    style = (
        r"\DeclarePairedDelimiter{\abs}{\lvert}{\rvert}\newrobustcmd{\a}[1]{<#1>}\DeclareDocumentCommand{\b}{om}{(#2)}"
        r"\DeclarePairedDelimiterX\Set[1]\{\}{\delimsize\vert #1}\newrobustcmd{\c}{\hskip 1pt}"
    )
    found = paper(r"\section{A}\abs{x}\abs*{y}\a{z}\b{w}\Set{v}\c", "\\usepackage{own}\n", {"own.sty": style})
    assert found.text == "\\section{A}\\lvert x\\rvert\\left\\lvert y\\right\\rvert<z>(w)\\{\\vert v\\}\\c\n"
