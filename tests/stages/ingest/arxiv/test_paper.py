"""A paper's files: main file, inputs in order, what is cut off, encodings, and the reasons for no document."""

from __future__ import annotations

import pytest

from stages.ingest.arxiv.body import paper_title, running_text
from stages.ingest.arxiv.paper import arxiv_id, paper_of
from stages.ingest.raw import Change, Loss, RawDocument
from tests.linear import assert_linear


def paper(
    files: dict[str, str | bytes], keep_appendix: bool = False, keep_abstract: bool = False
) -> RawDocument | Loss:
    data = {name: text.encode() if isinstance(text, str) else text for name, text in files.items()}
    return paper_of("", data, None, keep_appendix, keep_abstract)


def document(files: dict[str, str | bytes]) -> RawDocument:
    found = paper(files)
    assert isinstance(found, RawDocument)
    return found


def whole(body: str, preamble: str = "") -> str:
    return f"\\documentclass{{article}}\n{preamble}\\begin{{document}}\n{body}\n\\end{{document}}\n"


FRONT = "\\title{T}\\maketitle\\begin{abstract}We do.\\end{abstract}\n"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (FRONT + "\\section{One}\nA\n\\bibliography{b}\nB\n", "\\section{One}\nA\n"),
        (
            FRONT + "\\section*{One}\nA\n\\begin{thebibliography}{9}\n\\bibitem{a}x\\end{thebibliography}\n",
            "\\section*{One}\nA\n",
        ),
        (FRONT + "\\section{One}\nA\n\\printbibliography\n", "\\section{One}\nA\n"),
        (FRONT + "\\section{One}\nA\n\\appendix\n\\section{Two}\nB\n", "\\section{One}\nA\n"),
        (FRONT + "\\section{One}\nA\n\\bibliographystyle{plain}\n\nB\n", "\\section{One}\nA\n\nB\n"),
        (FRONT + "No section here.\n\\bibliography{b}", "No section here.\n"),
        (FRONT + "\\chapter[s]{One}\nA", "\\chapter[s]{One}\nA\n"),
        (FRONT + "\\section{One}\nA\n\\section*{References}\nB", "\\section{One}\nA\n"),
        (FRONT + "\\hypertarget{one}{\n\\section{One}\\label{one}}\nA", "\\section{One}\\label{one}\nA\n"),
    ],
)
def test_what_is_cut_off(body: str, text: str) -> None:
    assert document({"ms.tex": whole(body)}).text == text


def test_trap_a_paragraph_heading_is_no_first_section() -> None:
    assert running_text("intro\n\\paragraph{One.} A") == "intro\n\\paragraph{One.} A\n"
    assert running_text("front\n\\section{I}\\paragraph{One.} A") == "\\section{I}\\paragraph{One.} A\n"
    assert running_text("front\n\\subsubsection*{One} A") == "\\subsubsection*{One} A\n"
    assert running_text("\\sectionmark{x} \\partial{x} front") == "\\sectionmark{x} \\partial{x} front\n"


def test_appendix_and_abstract_are_kept_when_asked() -> None:
    body = "\\begin{abstract}We do.\\end{abstract}\\section{One}\nA\n\\bibliography{b}\n\\appendix\nB"
    assert running_text(body, keep_appendix=True) == "\\section{One}\nA\n\n\\appendix\nB\n"
    assert running_text(body, keep_abstract=True) == "We do.\n\n\\section{One}\nA\n"


def test_trap_inputs_are_followed_in_order_from_the_main_file() -> None:
    found = document(
        {
            "aaa.tex": "\\section{Two}\nsecond\n",
            "main.tex": whole(
                "\\input{intro}\n\\include{aaa}\n\\import{parts/}{three}\n\\subfile{parts/four.tex}\n"
            ),
            "intro.tex": "\\section{One}\nfirst \\input sub/inner\n",
            "sub/inner.tex": "inner",
            "parts/three.tex": "\\section{Three}\nthird\n",
            "parts/four.tex": "\\documentclass[../main.tex]{subfiles}\n\\begin{document}\nfourth\n\\end{document}\n",
        }
    )
    assert (
        found.text
        == "\\section{One}\nfirst inner\n\n\\section{Two}\nsecond\n\n\\section{Three}\nthird\n\n\nfourth\n".replace(
            "\n\n\nfourth", "\n\nfourth"
        )
    )
    assert found.metadata["files"] == [
        "main.tex",
        "intro.tex",
        "sub/inner.tex",
        "aaa.tex",
        "parts/three.tex",
        "parts/four.tex",
    ]


def test_cycles_stop_and_missing_inputs_are_named() -> None:
    found = document(
        {"a.tex": whole("\\section{A}\nx\n\\input{b}\n\\input{gone}"), "b.tex": "y \\input{a} \\input{b}"}
    )
    assert found.text == "\\section{A}\nx\ny\n"
    assert (found.metadata["missing_inputs"], found.metadata["input_cycles"]) == (
        ["gone"],
        ["a.tex", "b.tex"],
    )


def test_trap_the_main_file_of_several() -> None:
    long = "\\section{S}\n" + "words " * 100
    files: dict[str, str | bytes] = {
        "a_backup.tex": whole(long * 3),
        "b_rebuttal.tex": whole(long * 3),
        "fig.tex": whole(long).replace("{article}", "{standalone}"),
        "ms.tex": whole("\\input{part}" + long),
        "part.tex": "x",
        "supplement.tex": whole(long * 3),
    }
    assert document(files).metadata["main_file"] == "ms.tex"
    assert document(files | {"00README.XXX": "fig.tex toplevelfile\n"}).metadata["main_file"] == "fig.tex"
    assert (
        document({"x.tex": whole(long), "y.tex": whole(long), "y.bbl": "z"}).metadata["main_file"] == "y.tex"
    )


def test_macros_of_own_style_files_are_expanded_and_those_of_tex_programs_are_not() -> None:
    style = "\\newcommand{\\R}{\\mathbb{R}}\n\\def\\q@x{y}\n\\def\\section{\\@startsection}\n"
    found = document({"ms.tex": whole("\\section{A} $\\R$", "\\usepackage{own,amsmath}\n"), "own.sty": style})
    assert found.text == "\\section{A} $\\mathbb{R}$\n"


def test_verbatim_text_is_not_touched() -> None:
    body = "\\section{A}\n\\begin{verbatim}\n\\R % not a comment\n\\section{no}\n\\end{verbatim}\n\\verb|\\R %| \\R\n"
    found = document({"ms.tex": whole(body, "\\newcommand{\\R}{r}\n")})
    assert found.text == body.replace("| \\R\n", "| r\n")


def test_trap_a_paper_that_is_not_utf_8_is_kept() -> None:
    text = whole("\\section{Été}\nnaïve “quotes”")
    assert document({"ms.tex": text.encode("cp1252")}).text == "\\section{Été}\nnaïve “quotes”\n"
    cyrillic = whole("\\section{Привет}", "\\usepackage[cp1251]{inputenc}\n")
    found = document({"ms.tex": cyrillic.encode("cp1251")})
    assert (found.text, found.metadata["encoding"]) == ("\\section{Привет}\n", "cp1251")
    assert document({"ms.tex": "\ufeff" + text}).text == "\\section{Été}\nnaïve “quotes”\n"


PLAIN = r"""\input harvmac
\magnification=\magstep1 \hsize=6.5truein
\def\half{{1\over 2}}
%%comment
\centerline{\bf On Strings} \bigskip
\centerline{A. Author}
%s
We find $\half$. %% again
"""


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (
            PLAIN % "\\beginsection 1. Introduction\n"
            + "\\beginsection References\n\\item{1} X.\n\\bye\nrest",
            "\\beginsection 1. Introduction\n\nWe find ${1\\over 2}$.\n",
        ),
        (
            PLAIN % "\\newsec{Introduction}" + "\\listrefs\n\\end\n",
            "\\newsec{Introduction}\nWe find ${1\\over 2}$.\n",
        ),
        (
            "\\input amstex\n\\documentstyle{amsppt}\n\\topmatter\\title On X\\endtitle\\endtopmatter\n\\document\n"
            "\\head 1. Introduction\\endhead\nWe do.\n\\Refs\n\\ref\\no1\\by X\\endref\n\\enddocument\n",
            "\\head 1. Introduction\\endhead\nWe do.\n",
        ),
        (
            "\\input amstex\n\\topmatter\\title On X\\endtitle\n\\abstract A.\\endabstract\\endtopmatter\nWe do.\n"
            "\\bigskip\\noindent{\\bf References}\n\\item{1} X.\n\\bye\n",
            "We do.\n",
        ),
        (
            "\\magnification=1200 \\nopagenumbers\n\\baselineskip = 14 pt\n\nTitle of it\n\nWe do.\n\\vfill\\eject\\end\n",
            "Title of it\n\nWe do.\n",
        ),
    ],
)
def test_plain_tex_and_ams_tex_have_no_document_class(source: str, text: str) -> None:
    assert document({"paper": source}).text == text


def test_plain_tex_over_several_files() -> None:
    found = document(
        {"a.tex": "\\beginsection A\nx\n", "main.tex": "\\magnification 1200\n\\input a\ny\n\\bye\n"}
    )
    assert (found.text, found.metadata["files"]) == ("\\beginsection A\nx\n\ny\n", ["main.tex", "a.tex"])


def test_the_title_of_an_ams_tex_paper() -> None:
    found = document(
        {"p": "\\topmatter\\title On\n X\\endtitle\\endtopmatter\n\\head I\\endhead\nText.\n\\bye"}
    )
    assert (found.metadata["title"], found.text) == ("On X", "\\head I\\endhead\nText.\n")


def test_plain_tex_with_nothing_but_front_matter_is_lost_by_rule() -> None:
    found = paper({"p": "\\magnification=1200\n\\hsize 5in\n\\nopagenumbers\n\\bye"})
    assert isinstance(found, Loss)
    assert found.rule == "empty_text"


@pytest.mark.parametrize(
    "part", ["\\a ", "\\a=1 pt ", "\\title ", "{\\bf ", "\\centerline{", "\\head{\n", "\\item references{\n"]
)
def test_trap_hostile_plain_tex_takes_linear_time(part: str) -> None:
    assert_linear(paper, lambda count: {"p": "\\magnification 1\n" + part * count + "\\bye"}, 1_000)


def test_text_that_is_no_tex_is_no_paper() -> None:
    found = paper({"p": "This paper has been withdrawn by the author.\n\\end\n"})
    assert isinstance(found, Loss)
    assert found.rule == "no_main_file"


def test_a_class_in_an_included_preamble_makes_no_less_of_a_paper() -> None:
    found = document(
        {
            "m.tex": "\\input{pre}\n\\begin{document}\\section{A}\nx\\end{document}",
            "pre.tex": "\\documentclass{a}",
        }
    )
    assert (found.text, found.metadata["main_file"]) == ("\\section{A}\nx\n", "m.tex")


@pytest.mark.parametrize(
    ("heading", "cut"),
    [
        ("\\centerline{\\bf References}", True),
        ("{\\bf REFERENCES.}", True),
        ("\\noindent\\textbf{5. Literature cited}", True),
        ("\\bigskip {\\large\\bf References and Notes}", True),
        ("references", False),
        ("\\item References to it are many.", False),
    ],
)
def test_a_bibliography_under_a_heading_of_its_own_making(heading: str, cut: bool) -> None:
    body = FRONT + "\\section{One}\n" + "A\n" * 9 + f"{heading}\n\n[1] X.\n"
    assert ("[1] X." not in document({"ms.tex": whole(body)}).text) == cut


@pytest.mark.parametrize(
    ("files", "rule", "detail"),
    [
        ({"a.tex": "just text"}, "no_main_file", None),
        ({"a.pdf": b"%PDF-1.4\0"}, "not_latex", "pdf"),
        ({"a": b"%!PS-Adobe-2.0\n"}, "not_latex", "postscript"),
        ({"a": b"<!DOCTYPE html><html>"}, "not_latex", "html"),
        ({"a": b"\x00\x01\x02"}, "not_latex", "binary"),
        ({"a.tex": whole("\\section{A}\0")}, "encoding", None),
        ({"a.tex": whole("\\bibliography{b}")}, "empty_text", None),
    ],
)
def test_reasons_for_no_document(files: dict[str, str | bytes], rule: str, detail: str | None) -> None:
    found = paper(files)
    assert isinstance(found, Loss)
    assert found.rule == rule
    assert detail is None or found.detail == detail


def test_titles_and_identifiers() -> None:
    assert paper_title("\\title[Short]{A long\n  title}", "") == "A long title"
    assert paper_title("", "no title") is None
    assert arxiv_id("2302/2302.13971v2.tar.gz") == "2302.13971v2"
    assert arxiv_id("hep-th9901001.gz") == "hep-th/9901001"
    assert arxiv_id("paper-2020.tar.gz") is None


@pytest.mark.parametrize(
    ("preamble", "codec"),
    [
        ("\\usepackage[koi8-r]{inputenc}\n", "koi8-r"),
        ("\\usepackage[english,cp866]{inputenc}\n", "cp866"),
        ("\\usepackage[T2A]{fontenc} \\usepackage[utf8, koi8-r]{inputenc}\n", "koi8-r"),
        ("\\usepackage[cp1251]{fontenc,inputenc}\n%\\usepackage[koi8-r]{inputenc}\n", "cp1251"),
        ("\\usepackage[cp1251]{inputenc} % 5\\% \\usepackage[utf8]{inputenc}\n", "cp1251"),
        ("\\usepackage[utf8]{inputenc}\n\\inputencoding{koi8-r}\n", "koi8-r"),
    ],
)
def test_the_main_files_last_inputenc_holds_for_all_files(preamble: str, codec: str) -> None:
    main, part = whole("\\section{Ъ}\n\\input{part}", preamble), "\\usepackage[latin1]{inputenc}Да"
    found = document(
        {
            "main.tex": main.encode(codec),
            "part.tex": part.encode(codec),
            "a.tex": "\\usepackage[latin2]{inputenc}",
        }
    )
    assert found.text == f"\\section{{Ъ}}\n{part}\n"


def test_the_options_of_the_class_and_of_cjk_tell_an_encoding() -> None:
    text = whole("\\section{Да}").replace("article", "article}\\usepackage{inputenc")
    found = document(
        {"a.tex": text.replace("\\documentclass", "\\documentclass[11pt,koi8-r]").encode("koi8-r")}
    )
    assert found.text == "\\section{Да}\n"
    body = "\\section{A}\n\\begin{CJK*}{Bg5}{bsmi}一\\end{CJK*}\n"
    assert document({"a.tex": whole(body).encode("big5")}).text == body


def test_a_paper_declared_utf8_with_one_bad_byte() -> None:
    data = whole("\\section{Erdős}\nM@ller", "\\usepackage[utf8]{inputenc}\n").encode().replace(b"@", b"\xfc")
    found = document({"a.tex": data})
    assert found.text == "\\section{Erdős}\nM\ufffdller\n"
    assert found.changes[0] == Change("bad_bytes", 1, detail="utf-8", text_bytes=1)


@pytest.mark.parametrize(
    ("preamble", "body", "text"),
    [
        ("\\newcommandx{\\x}[3][1=b,3=f]{#1 #2 #3}", "\\x{c}[e]", "b c e"),
        ("\\newcommandx*\\x[2][1=b]{#1 #2}", "\\x{c} \\x[d]{e}", "b c d e"),
        ("\\DeclareDocumentCommand{\\x}{O{b} m}{#1 #2}", "\\x{c}", "b c"),
        ("\\NewExpandableDocumentCommand{\\x}{m}{<#1>}", "\\x{c}", "<c>"),
        ("\\excludecomment{long}", "A\n\\begin{long}\nno\n\\end{long}\nB", "A\nB"),
        ("\\includecomment{long}", "A\n\\begin{long}\nyes\n\\end{long}\nB", "A\nyes\nB"),
        ("", "A\n\\begin{long}\nyes\n\\end{long}", "A\n\\begin{long}\nyes\n\\end{long}"),
    ],
)
def test_more_ways_to_define_and_to_leave_out(preamble: str, body: str, text: str) -> None:
    files: dict[str, str | bytes] = {"ms.tex": whole(f"\\section{{I}}\n{body}", preamble + "\n")}
    assert document(files).text == f"\\section{{I}}\n{text}\n"


def test_only_the_parts_that_includeonly_names_are_included() -> None:
    body = "\\section{I}\n\\include{one}\\include{two}\\input{three}"
    files: dict[str, str | bytes] = {"one.tex": "1", "two.tex": "2", "three.tex": "3"}
    assert document(files | {"ms.tex": whole(body, "\\includeonly{ two }\n")}).text == "\\section{I}\n23\n"
    assert document(files | {"ms.tex": whole(body)}).text == "\\section{I}\n123\n"


@pytest.mark.parametrize(
    ("name", "readme"),
    [
        ("00README.toml", '[[sources]]\nfilename = "a.tex"\nusage = "toplevel"\n'),
        ("00README.XXX", "a.tex TopLevelFile\n"),
    ],
)
def test_the_readme_in_toml_and_in_capitals_names_the_main_file(name: str, readme: str) -> None:
    files: dict[str, str | bytes] = {
        "a.tex": whole("\\section{I}\nA"),
        "b.tex": whole("\\section{I}\nLonger B"),
    }
    assert document(files | {name: readme}).text == "\\section{I}\nA\n"
    assert document(files).text == "\\section{I}\nLonger B\n"
