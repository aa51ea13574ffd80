"""What templates, links and tags make of a text's own signs: each fault that changed a word or a number, by name."""

from __future__ import annotations

import pytest

from stages.ingest.wikipedia.names import Namespaces
from stages.ingest.wikipedia.preformatted import mark_preformatted, unmark_preformatted
from stages.ingest.wikipedia.switches import without_switches
from stages.ingest.wikipedia.variants import variant_text
from stages.ingest.wikipedia.wikitext import plain_text
from tests.linear import assert_linear

NAMESPACES = Namespaces.of({})


def text(wikitext: str, language: str | None = None, title: str = "") -> str:
    return plain_text(wikitext, NAMESPACES, language=language, title=title)


@pytest.mark.parametrize(
    ("wikitext", "expected"),
    [
        ("{{nowrap|n {{=}} 5}}", "n = 5"),
        ("{{nowrap|[[Zahl|n = 5]]}}", "n = 5"),
        ("{{nowrap|{{lang|de|a = b}} c}}", "c"),
        ("{{nowrap|{{lang|de|1=x|2=a = b}} c}}", "a = b c"),
        ("{{nowrap|a{{!}}b}} {{lang|de|a{{!}}b}}", "a|b a|b"),
        ("{{nowrap|1=n = 5}}", "n = 5"),
        ("{{nowrap|[[a{{!}}b]] [[c{{=}}d]]}}", "b c=d"),
        ("{{nowrap|5<!-- x --> km}}", "5 km"),
        ("{{convert|5<!-- x -->|km|mi}}", "5 km"),
    ],
)
def test_signs_that_a_template_or_a_link_made_part_no_values(wikitext: str, expected: str) -> None:
    assert text(wikitext) == expected


@pytest.mark.parametrize(
    ("wikitext", "language", "expected"),
    [
        ("le {{1er}} et la {{2e}}", "fr", "le 1er et la 2e"),
        ("le {{XIXe}} et le {{Ier}}", "fr", "le XIXe et le Ier"),
        ("au {{XIXe siècle}} et {{-Ve siècle}}", "fr", "au XIXe siècle et Ve siècle av. J.-C."),
        ("CO{{ind|2}} est", "fr", "CO₂ est"),
        ("a {{VIE}} b {{DIVE}} c", "fr", "a b c"),
        ("a {{IIer}} b {{Ie}} c", "fr", "a b c"),
        ("the {{1er}} of", "en", "the of"),
        ("the {{VIE}} of", "en", "the of"),
    ],
)
def test_french_ordinals_are_exact_names_of_french(wikitext: str, language: str, expected: str) -> None:
    assert text(wikitext, language) == expected


@pytest.mark.parametrize(
    ("wikitext", "expected"),
    [
        ("''Comet''{{'s}} hull", "Comet's hull"),
        ("'''Bold'''{{'}} x", "Bold' x"),
        ("{{'}}''it'' is", "'it is"),
        ("dell{{'}}''Arte''", "dell'Arte"),
        ("l{{lang|fr|''mot''}}'s", "lmot's"),
        ("''θ''<sub>''i''</sub> and ''a''{{sub|''b''}}", "θi and ab"),
    ],
)
def test_an_apostrophe_of_a_template_is_no_quote_mark(wikitext: str, expected: str) -> None:
    assert text(wikitext) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("<code>__FILE__</code> and __init__ x", "<code>__FILE__</code> and __init__ x"),
        ("__index__ __END__ __DATA__", "__index__ __END__ __DATA__"),
        ("a __NOTOC__ __notoc__ __TOC__ __NOINDEX__b", "a    b"),
        ("__БЕЗ_ОГЛ__ __KEIN_INHALTSVERZEICHNIS__ __SANSCT__x", "  x"),
        ("__INNEHÅLLSFÖRTECKNING__ __TARTALOMJEGYZÉK__ __СЪДЪРЖАНИЕ__x", "  x"),
    ],
)
def test_switches_are_those_of_the_closed_list(given: str, expected: str) -> None:
    assert without_switches(given) == expected


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("text", "text"),
        ("zh;zh-hans|某某", "某某"),
        ("zh-hans:one;zh-hant:two", "one"),
        ("zh-hans:R&amp;B;zh-hant:節奏", "R&amp;B"),
        ("zh-hans:a;b;zh-hant:c", "a;b"),
        ("\nzh-hans:one;\nzh-hant:two;\n", "one"),
        ("R|a:b;c", "a:b;c"),
        ("H|zh-hans:one;zh-hant:two", ""),
        ("T|zh:x", ""),
        ("-|zh-hans:x", ""),
        ("A|zh-hans:one;zh-hant:two", "one"),
        ("A;zh-cn|zh-hans:one", "one"),
        ("H|巨集=>zh-cn:宏;", ""),
        ("巨集=>zh-cn:宏;", "宏"),
        ("THE|T", "T"),
        ("+;zh-cn|zh-hans:one", "one"),
        ("sr-ec:Беч; sr-el:Beč", "Беч"),
        ("", ""),
    ],
)
def test_language_variants(inner: str, expected: str) -> None:
    assert variant_text(inner) == expected


@pytest.mark.parametrize(
    ("wikitext", "expected"),
    [
        ("a -{zh-hans:one;\nzh-hant:two;}- b", "a one b"),
        ("a -{A|zh-hans:-{one}-;zh-hant:-{two}-}- b", "a one b"),
        ("a -{zh-hans:R&amp;B;zh-hant:x}- b", "a R&B b"),
        ("a {{lang|zh|-{A|zh-hans:一=二;zh-hant:三}-}} b", "a 一=二 b"),
        ("a -{zh-hans:{{lang|zh|一}};zh-hant:x}- b", "a 一 b"),
        ("a -{zh-hans:x;zh-hant:{{lang|zh|一}}}- b", "a x b"),
        ("a -{b [[c]] }- d", "a b c d"),
        ("[[a -{b]] c", "a -{b c"),
        ("set-{x} -{ open", "set-{x} -{ open"),
        ("-{{lang|de|x}}-", "-x-"),
    ],
)
def test_language_variants_in_text(wikitext: str, expected: str) -> None:
    assert text(wikitext) == expected


@pytest.mark.parametrize(
    ("wikitext", "expected"),
    [
        ("Code:\n if (x) {\n   y = 1;\n }\nend", "Code:\nif (x) {\n  y = 1;\n}\nend"),
        (" int main() {\n   f();\n }", "int main() {\n  f();\n}"),
        (" a   b\n * c\n == d ==", "a   b\n* c\n== d =="),
        (" a\n\n   b", "a\n\n  b"),
        (" int a[2][2] =\n   {{1, 2}, {3, 4}};", "int a[2][2] =\n  {{1, 2}, {3, 4}};"),
        (" One line that should not be indented.", "One line that should not be indented."),
        ("a\n {|\n | x\n |}\nb", "a\n\nb"),
        ("{{Infobox\n | a = b\n | c = d\n }}\ntext", "text"),
        ("a\n x\n [[File:x.jpg]]\n y\nb", "a\nx\ny\nb"),
    ],
)
def test_preformatted_lines_keep_indentation_and_braces(wikitext: str, expected: str) -> None:
    assert text(wikitext) == expected


def test_marks_of_preformatted_lines_come_off_again() -> None:
    given = "a\n b\n   c  d\ne"
    assert unmark_preformatted(mark_preformatted(given)) == "a\nb\n  c  d\ne"


@pytest.mark.parametrize(
    ("wikitext", "expected"),
    [
        ("a\n{|\n| x\n</table>\nb", "a\n\nb"),
        ("a\n{|\n| <table><tr><td>x</td></tr></table>\n|}\nb", "a\n\nb"),
        ("a\n<table>\n{|\n| x\n|}\n</table>\nb", "a\n\nb"),
        ("a </table> b", "a b"),
    ],
)
def test_tables_of_tags_and_of_braces_end_alike(wikitext: str, expected: str) -> None:
    assert text(wikitext) == expected


@pytest.mark.parametrize(
    ("wikitext", "expected"),
    [
        ("cost $7 (${{Inflation|US|7|1950}} in {{CURRENTYEAR}} dollars) then", "cost $7 then"),
        ("cost $7 (about (or so) {{age|1950|1|1}} (x)) then", "cost $7 then"),
        ("cost $7, now worth ${{Inflation|US|7|1950}} in dollars, then", "cost $7, then"),
        ("he is {{age|1950|1|1}} years old (see (b))", "he is years old (see (b))"),
        ("a (b) {{CURRENTYEAR}} c", "a (b) c"),
    ],
)
def test_a_number_that_only_the_wiki_knows_leaves_no_false_one(wikitext: str, expected: str) -> None:
    assert text(wikitext) == expected


@pytest.mark.parametrize(
    ("wikitext", "expected"),
    [
        ("the {{foo|12|km}} road", "the 12 km road"),
        ("by {{foo|de|Some words|left|x.jpg}} here", "by Some words here"),
        ("is {{foo|12 km}}.", "is 12 km."),
        ("(a {{foo|12}}) b", "(a 12) b"),
        ("It ends.{{foo|12|a note}} Next", "It ends. Next"),
        ("{{foo|12|km}} of road", "of road"),
        ("a\n{{foo|12|km}}\nb", "a\n\nb"),
        ("a {{foo|12|km}}", "a"),
        ("a {{foo|a=12|b=km}} b", "a b"),
        ("a {{foo|x|y}} b {{foo|http://a.example/b}} c", "a b c"),
        ("a {{foo|aa|bb|cc|dd|ee|ff|gg}} b", "a b"),
        ("a {{Infobox thing|12|km}} b {{flagicon thing|USA}} c", "a b c"),
        ("a {{nowrap|{{foo|12|km}}}} b", "a 12 km b"),
        ("a 2{{foo|5}} b", "a 2 5 b"),
        ("a {{foo|12}}345 b", "a 12 345 b"),
        ("a {{nowrap|2{{foo|5}}}} b", "a 2 5 b"),
        ("a v{{foo|12}}m b", "a v12m b"),
        ("{{Taxobox|12|{{foo|13}}}} '''X''' is", "X is"),
        ("a\n{|\n| b {{foo|12}} c\n|}\nd", "a\n\nd"),
        ("== A {{foo|B c}} ==\nd", "A\nd"),
    ],
)
def test_a_template_that_no_rule_knows_stays_by_its_shape_inside_a_sentence(
    wikitext: str, expected: str
) -> None:
    assert text(wikitext) == expected


@pytest.mark.parametrize(
    ("wikitext", "expected"),
    [
        ("10{{sup|6}} 10{{exp|6}} 1990{{spaced en dash}}2000", "10⁶ 10⁶ 1990 – 2000"),
        ("{{unité|3|e=8|m/s}} {{nombre|71|sièges}} {{fmtn|12345|km²}}", "3×10⁸ m/s 71 sièges 12 345 km²"),
        ("le {{date de naissance-|17|octobre|1973}}", "le 17 octobre 1973"),
        (
            "{{M|1,5|M|eV}}, {{Numero|4500}} abitanti, {{Tutto attaccato|45 kg}}",
            "1,5 MeV, 4500 abitanti, 45 kg",
        ),
        ("355 {{M s.l.m.}} {{convert|12|e6acre|e6ha}}", "355 m s.l.m. 12 million acres"),
        ("{{chem|Q|3|2-}} {{chem2|CH4}} {{CO2}} {{esd|20 km}}", "Q₃²⁻ CH₄ CO₂ 20 km"),
        ("{{Lien|langue=en|fr=Jean Bravo}} {{IPA|de|bɛʁˈliːn}}", "Jean Bravo bɛʁˈliːn"),
        ("Hawai{{okina}}i a{{mdashb}}b {{circa|1900}} {{height|m=1.80}}", "Hawaiʻi a—b c. 1900 1.80 m"),
        ("la {{NazNB|CA|URS}} fu", "la Unione Sovietica fu"),
        ("5{{frac|1|2}} and {{frac|1|2}} ({{frac|1|2}})", "5 1/2 and 1/2 (1/2)"),
        ("{{convert|10|/km2}} {{convert|12|e3km2}}", "10/km² 12 thousand km²"),
    ],
)
def test_templates_of_numbers_and_words_in_a_wiki_of_unknown_language(wikitext: str, expected: str) -> None:
    assert text(wikitext) == expected


def test_the_page_s_own_name() -> None:
    assert text("'''{{PAGENAME}}''' is {{nowrap|{{PAGENAME}} x}}", title="A = b|c") == "A = b|c is A = b|c x"


@pytest.mark.parametrize(
    ("wikitext", "language", "expected"),
    [
        ("{{SEITENNAME}} hat {{ZAHLENFORMAT:12345}} m", "de", "A hat 12.345 m"),
        ("{{NOMPAGE}} a {{FORMATNOMBRE:12345}} m", "fr", "A a 12 345 m"),
        ("в {{НАЗВАНИЕСТРАНИЦЫ}} 5 {{plural:5|год|года|лет}}", "ru", "в A 5 лет"),
        ("en {{NOMBREDEPAGINA}} ($5 en {{AÑOACTUAL}}) algo", "es", "en A algo"),
    ],
)
def test_variables_and_functions_have_names_in_each_language(
    wikitext: str, language: str, expected: str
) -> None:
    assert text(wikitext, language, title="A") == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ("Attività=poeta|Nazionalità=italiano", "Ada Bo è un poeta italiano."),
        (
            "AnnoMorte=1910|Attività=scrittore|Attività2=politico",
            "Ada Bo (... – 1910) è stato uno scrittore e politico.",
        ),
        ("Titolo=Sir|PostCognome=, detto Bob|FineIncipit=è il capo", "Sir Ada Bo, detto Bob è il capo."),
        ("AnnoNascita=1900|PreData=in russo X|Attività=re", "Ada Bo (in russo X; 1900) è un re."),
        ("Sesso=F|Attività=pittrice|PostNazionalità=, moglie di Z", "Ada Bo è una pittrice, moglie di Z."),
    ],
)
def test_the_first_sentence_of_an_italian_biography(values: str, expected: str) -> None:
    assert text(f"{{{{Bio|Nome=Ada|Cognome=Bo|{values}}}}}", "it") == expected


@pytest.mark.parametrize(
    "unit",
    [
        "-{a}-",
        "-{a|",
        "-{{",
        "}-",
        " a\n",
        "\n a\n\n",
        "a {{foo|12}} ",
        "a {{foo|12|{{bar|13}} ",
        "a {{foo|<ref>x</ref>",
        "({{CURRENTYEAR}}",
        "{{CURRENTYEAR}} ",
        "({{CURRENTYEAR}})(",
        ",${{CURRENTYEAR}}",
        "{|\n</table>",
        "\n{|\n{{a|",
        "{{=}}",
        "{{nowrap|{{=}}",
        "{{'}}''",
        "__NOTOC_",
        "a {{foo|}} {{",
        "-{zh:",
        "-{zh:a;",
    ],
)
def test_hostile_repetition_takes_linear_time(unit: str) -> None:
    assert_linear(text, lambda count: unit * count, 2_000)


@pytest.mark.parametrize(
    ("before", "unit", "behind"),
    [
        ("-{zh:a;", " ", "}-"),
        ("-{a", ";=>", "}-"),
        ("-{zh:a", ";zh ", ":}-"),
        ("a\n", " ", "b\n c"),
        ("a {{foo|", "x", "}} b"),
        ("a {{foo|", "{1", "}} b"),
        ("(", "a ", "{{CURRENTYEAR}}"),
        (",", "a ", "${{CURRENTYEAR}}"),
        ("a ", "{{1{}} ", "b"),
    ],
)
def test_hostile_length_takes_linear_time(before: str, unit: str, behind: str) -> None:
    assert_linear(text, lambda count: before + unit * count + behind, 4_000)


MANY_DIGITS = "9" * 5_000


@pytest.mark.parametrize("language", ["en", "de", "hu", "ru", "pt"])
@pytest.mark.parametrize(
    "name", ["date|1|{}|2", "as of|1|{}", "start date|1|{}|3", "OldStyleDate|1|{}|2", "durée|{}||3"]
)
def test_values_that_no_rule_has_an_answer_for_lose_nothing_else(name: str, language: str) -> None:
    wikitext = f"on {{{{{name.format(MANY_DIGITS)}}}}} it ended"
    text = plain_text(wikitext, Namespaces.of({}), language=language)
    assert text.startswith("on ") and text.endswith(" it ended")


def test_a_measure_of_many_digits_takes_linear_time() -> None:
    def work(wikitext: str) -> str:
        return plain_text(wikitext, Namespaces.of({}), language="en")

    assert_linear(work, lambda size: f"{{{{cvt|1.{'9' * size}|km}}}} long", 20_000)


@pytest.mark.parametrize(
    ("wikitext", "expected"),
    [
        ("Islands (''{{foo|Bar}}'') am Ende", "Islands (Bar) am Ende"),
        ("die '''{{foo|Bar}}''' am Ende", "die Bar am Ende"),
        ("presso l'{{foo|Bar}} di", "presso l'Bar di"),
        ("die ''Insel''{{foo|Bar}} am Ende", "die Insel am Ende"),
        ("die 'Insel'{{foo|Bar}} am Ende", "die 'Insel' am Ende"),
        ("ist ''so''.{{foo|Bar}} Und", "ist so. Und"),
    ],
)
def test_an_unknown_template_behind_opening_italics_or_an_elided_article_stays(
    wikitext: str, expected: str
) -> None:
    assert text(wikitext) == expected
