"""Wikitext to plain text: every rule and trap on small texts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.ingest.wikipedia.names import Namespaces
from stages.ingest.wikipedia.wikitext import plain_text
from tests.linear import assert_linear

NAMESPACES = Namespaces.of({6: "Датотека", 14: "Категорија", 4: "Википедија"})


def text(wikitext: str) -> str:
    return plain_text(wikitext, NAMESPACES)


@pytest.mark.parametrize(
    ("wikitext", "expected"),
    [
        (
            "The [[tide mill]] and [[Mill (grinding)|mills]] of [[France|Fran]]ce.",
            "The tide mill and mills of France.",
        ),
        ("'''Bold''' and ''italic'' and '''''both'''''.", "Bold and italic and both."),
        ("L''''amour''' de l'art", "L'amour de l'art"),
        ("l'''Historia'' et\nd'''Ostmark'' sont", "l'Historia et\nd'Ostmark sont"),
        ("'''Vitamin D''' and ''x''", "Vitamin D and x"),
        ("A ''{{unknown|x}}'' word", "A word"),
        ("See [https://a.example/x the page] and [https://a.example/y].", "See the page and."),
        ("[//a.example label] [mailto:a@b.example mail]", "label mail"),
        ("one<!-- two\n -->three", "onethree"),
        ("a\n<!-- alone -->\nb", "a\nb"),
        ("A.<ref>note</ref> B.<ref name=x /> C.<ref name='a/b'>d</ref>", "A. B. C."),
        ("A.<ref>b</ref>. C...<ref>d</ref>", "A. C..."),
        ("10<sup>6</sup> H<sub>2</sub>O 1<sup>st</sup>", "10⁶ H₂O 1st"),
        ("x<br/>y <span style='a>b'>z</span>", "x\ny z"),
        ("if a < b and <stdio.h> hold", "if a < b and <stdio.h> hold"),
        ("* one\n** two\n# three\n; term: what\n: indented", "one\ntwo\nthree\nterm: what\nindented"),
        ("__NOTOC__\ntext __KEIN_INHALTSVERZEICHNIS__ __ОГЛ__ __init__", "text __init__"),
        ("before\n{|\n|-\n| a || b\n|}\nafter", "before\n\nafter"),
        ("before\n{|\n| {| \n| x\n|}\n|}\nafter", "before\n\nafter"),
        ("a\n<table><tr><td>x</td></tr></table>\nb", "a\n\nb"),
        ("<gallery>\nA.jpg|b\n</gallery>text", "text"),
        ("-{text}- -{zh-hans:one;zh-hant:two}-", "text one"),
        ("A&nbsp;B &mdash; C&#8211;D AT&T", "A B — C–D AT&T"),
        ("a [[:Category:Mills]] b [[:de:Mühle|Mühle]] c", "a Mills b Mühle c"),
        ("a [[wikt:mill|mill]] [[#Use]]", "a mill Use"),
        ("[[de:Mühle]]\n[[zh-min-nan:X]]\ntext [[Re: Zero]]", "text Re: Zero"),
        ("a [[A]\n\nb [[c]]", "a A]\n\nb c"),
        ("<nowiki>[[x]] ''y'' &amp;</nowiki>", "[[x]] ''y'' &"),
        ("<pre>\n* a\n  ''b''\n</pre>", "* a\n  ''b''"),
        ('<syntaxhighlight lang="c">\nif (a[[0]]) { {{x}} }\n</syntaxhighlight>', "if (a[[0]]) { {{x}} }"),
        ("Let <math>x_{{i}}\n+1</math> be", "Let $x_{ {i} } +1$ be"),
    ],
)
def test_marks_become_plain_text(wikitext: str, expected: str) -> None:
    assert text(wikitext) == expected


def test_trap_entities_are_decoded_exactly_once() -> None:
    assert text("&amp;lt; &lt;b&gt; &amp;nbsp; &amp;amp;") == "&lt; <b> &nbsp; &amp;"


def test_trap_nested_templates_and_links() -> None:
    wikitext = (
        "A {{x|{{y|[[File:z.jpg|{{w}}]]}}|{{{p|{{q}}}}}}} B [[File:a.jpg|thumb|c [[d|e]] {{f}} [[g]]]] C"
    )
    assert text(wikitext) == "A B C"


def test_trap_references_over_lines_and_self_closing() -> None:
    wikitext = (
        'A.<ref name="n">{{cite web\n| url = http://a.example\n| title = T\n}}\n</ref> B.<ref name=n/>'
        " C.<REF>x</REF>"
    )
    assert text(wikitext) == "A. B. C."


def test_trap_a_reference_never_closed_costs_its_line_only() -> None:
    assert text("A.<ref>lost words\nB stays.<ref>note</ref> C.") == "A.\nB stays. C."


@pytest.mark.parametrize(
    "name",
    [
        "Datei",
        "Файл",
        "Plik",
        "Fichier",
        "Image",
        "file",
        "Датотека",
        "Immagine",
        "Податотека",
        "Unknown name",
    ],
)
def test_trap_file_links_in_local_names(name: str) -> None:
    assert text(f"a [[{name}:x y.jpg|mini|Text [[b|c]]]] d") == "a d"


@pytest.mark.parametrize(
    "name", ["Kategorie", "Категория", "Catégorie", "Категорија", "category", "Kategoria"]
)
def test_trap_categories_in_local_names(name: str) -> None:
    assert text(f"a\n[[{name}:x|*]]\n[[{name}:y]]") == "a"


def test_a_namespace_known_from_the_header_only() -> None:
    names = Namespaces.of({6: "Bildo Nova", 14: "Kat"})
    assert plain_text("a [[Bildo_nova:x.jpg|b]] [[kat:z]]c", names) == "a c"


@pytest.mark.parametrize(
    ("wikitext", "expected"),
    [
        ("{{lang|de|Berlin}} (}} )", "Berlin ( )"),
        ("{{convert|5|km|mi}} and {{convert|5|to|10|km}}", "5 km and 5 to 10 km"),
        ("{{nowrap|12 km}} {{formatnum:1234}}", "12 km 1234"),
        ("{{unité|892|km|2}}", "892 km²"),
        ("{{XIXe siècle}} {{s|XII|e}}", "XIXe siècle XIIe siècle"),
        ("a {{lang-de|Haus}} b", "a Haus b"),
    ],
)
def test_templates_inside_sentences_give_their_text(wikitext: str, expected: str) -> None:
    assert text(wikitext) == expected


def test_brackets_that_removal_empties_go() -> None:
    assert text("Berlin ({{audio|x}}; {{y}}), city ( {{z}}, capital) of ({{a}}) it {{b}}.") == (
        "Berlin, city (capital) of it."
    )


def test_headings_stay_as_lines_and_empty_sections_go() -> None:
    wikitext = (
        "Lead.\n== A ==\n=== B ===\ntext b\n==C==\n=== D ===\n<references/>\n== ''E'' <!-- x --> ==\n\nlast\n"
        "== External links ==\n{{Commons}}\n* [http://a.example]\n[[Category:X]]"
    )
    assert text(wikitext) == "Lead.\n\nA\n\nB\ntext b\n\nE\nlast"


def test_markup_never_closed_keeps_the_article() -> None:
    assert text("A {{open\n\nB [[C|D]] e.\n[[File:x.jpg|thumb|gone\nF [[g") == "A open\n\nB D e.\n\nF g"
    assert text("{|\n| lost cell\nA }} B |} C ]] D") == "A B C D"


def test_a_template_that_is_dropped_whole_is_dropped_as_by_its_parts() -> None:
    """Flat templates go by one pattern; comments, nowiki, tables and parameters inside take the long way."""
    for inner in (
        "b",
        "[[c|d]]",
        "{{e|{{f|[[g]]}}}}",
        "<!-- }} -->",
        "<nowiki>}}</nowiki>",
        "\n{|\n|}\n",
        "{{{p|q}}}",
    ):
        assert text(f"A {{{{x|{inner}}}}} B") == "A B"
    assert text("A {{x|{{y}} B") == "A x| B"
    assert text("A {{x}}} B") == "A B"


def test_list_items_that_lost_all_their_words_leave_no_gap() -> None:
    assert text("* a\n* {{x}}\n* <ref>y</ref>.\n* b") == "a\nb"


def test_every_kind_of_space_is_a_plain_one() -> None:
    assert text("a\u00a0\u202fb\u3000c\td &thinsp;e\u200bf\u00adg") == "a b c d efg"


def test_a_link_never_closed_does_not_swallow_its_template() -> None:
    assert text("{{box|[[a|b}} kept [[c]]") == "kept c"


def test_text_without_markup_stays_as_it_is() -> None:
    plain = 'One line, with (brackets) and numbers 1,5.\n\nAnother: yes; no – it\'s "so".'
    assert text(plain) == plain


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "{{",
                "}}",
                "{{{",
                "}}}",
                "[[",
                "]]",
                "{|",
                "|}",
                "\n",
                "|",
                "a",
                "B c",
                "<ref>",
                "</ref>",
                "<ref/>",
                "'''",
                "''",
                "== h ==",
                "\n* ",
                "<!--",
                "-->",
                "<nowiki>",
                "</nowiki>",
                "File:",
                "(",
                ")",
                "&amp;",
                "<br>",
                "\x01",
            ]
        ),
        max_size=40,
    ).map("".join)
)
def test_any_mixture_of_marks_gives_text_without_them(wikitext: str) -> None:
    out = text(wikitext)
    if "<nowiki>" not in wikitext:
        assert not any(mark in out for mark in ("{{", "}}", "[[", "]]", "{|", "<ref", "''"))
    assert not any(char in out for char in "\x01\x02\x03\x04")
    assert out == out.strip() and "\n\n\n" not in out


@pytest.mark.parametrize(
    "unit",
    [
        "[[",
        "{{",
        "]]",
        "}}",
        "<ref>",
        "<math>",
        "<b ",
        "[[a|",
        "{{a|",
        "\n{|",
        "(",
        "( ",
        "\n=",
        "'",
        "&",
        "-{",
        "[http://",
        ", ",
        "<!--",
        "<nowiki",
        "\n|}",
        "[[a]]",
        "__A",
        '<b "',
        "(,",
        ",;",
        ": ",
        "l'''x'' ",
        "{{{",
        "-{a",
        "__A_",
        "\n* ",
        "\n== a ",
        "[[:a",
        "&#",
        "[http://a b",
        "{{a}}",
        "<ref>a</ref>",
        "<nowiki/>",
        "\n== a ==",
        " .",
        "http://a ",
        "{{a|{{b|",
        "{{a|{{b}} ",
        "{{a|{{b|{{c}} ",
        "{{a|[[b]]",
        "[[a|b",
        "[[a|b]",
        "(<ref/>",
        "<ref/>,",
        "*<ref/>",
        "{{x}} .",
        "{{lang|a|",
        "\n*{{x}}",
        "  ",
        "\n= ",
        "a" * 100 + "{|",
        "a" * 100 + " |}",
    ],
)
def test_hostile_repetition_takes_linear_time(unit: str) -> None:
    assert_linear(text, lambda count: unit * count, 3_000)
