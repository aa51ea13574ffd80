"""Parser functions: what a sentence has in their place."""

from __future__ import annotations

import pytest

from stages.ingest.wikipedia.marks import NO_NUMBER
from stages.ingest.wikipedia.names import Namespaces
from stages.ingest.wikipedia.template_functions import PARSER_FUNCTION, calculated, parser_function_text
from stages.ingest.wikipedia.template_values import parted
from stages.ingest.wikipedia.wikitext import plain_text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5+3", "8"),
        ("10/4 round 1", "2.5"),
        ("2.5 round 0", "3"),
        ("(1 + 2) * 3", "9"),
        ("7 - 2 - 1", "4"),
        ("-2 ^ 2", "4"),
        ("17 mod 5", "2"),
        ("3 > 2", "1"),
        ("1/0", None),
        ("2 ^ 9999", None),
        ("5 +", None),
        ("(5", None),
        ("5 km", None),
        ("", None),
        ("1" + "+1" * 100, None),
        ("1" + "0" * 400, None),
    ],
)
def test_expressions(text: str, value: str | None) -> None:
    assert calculated(text) == value


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("#if:x|yes|no", "yes"),
        ("#if: |yes|no", "no"),
        ("#if:|yes", ""),
        ("#ifeq:1|1.0|same|other", "same"),
        ("#ifeq:a|b|same|other", "other"),
        ("#ifexpr:2>1|more|less", "more"),
        ("#ifexpr:1>2|more|less", "less"),
        ("#switch:b|a|b=one|c=two|three", "one"),
        ("#switch:a|a|b=one|c=two|three", "one"),
        ("#switch:z|a|b=one|c=two|three", "three"),
        ("#switch:z|a=one|#default=four", "four"),
        ("#ifexist:Foo|[[Foo]]|foo", "[[Foo]]"),
        ("#ifexist:Foo||foo", "foo"),
        ("#tag:sub|2", "₂"),
        ("#tag:SUP|-3", "⁻³"),
        ("#tag:sub|in", "in"),
        ("#tag:ref|A note.|name=a", ""),
        ("#tag:math|x^2", "$x^2$"),
        ("#tag:code|a = 1", "a = 1"),
        ("#expr:12*100", "1200"),
        ("#expr:oops", NO_NUMBER),
    ],
)
def test_functions(inner: str, expected: str) -> None:
    name, values = parted(inner)
    found = PARSER_FUNCTION.fullmatch(name)
    assert found is not None
    assert parser_function_text(found[1], found[2], values) == expected


def test_other_functions_are_not_computed() -> None:
    assert PARSER_FUNCTION.fullmatch("#invoke:x") is None


@pytest.mark.parametrize(
    ("inner", "shown"),
    [
        ("#expr:1/3", "0.33333333333333"),
        ("#expr:10/4 round 0", "3"),
        ("#expr:1e3+1", "1001"),
        ("#expr:5*2^3", "40"),
        ("#expr:100000*100000", "10000000000"),
        ("#expr:7 mod 3", "1"),
        ("#expr:trunc 5.7", "5"),
        ("#expr:ceil 5.2", "6"),
        ("#expr:floor -5.2", "-6"),
        ("#expr:abs -5", "5"),
        ("#expr:sqrt 2", "1.4142135623731"),
        ("#expr:not 0", "1"),
        ("#expr:1 and 0", "0"),
        ("#expr:1 or 0", "1"),
        ("#expr:pi round 2", "3.14"),
        ("#expr:-5 round 0", "-5"),
        ("#expr:1234.567 round -2", "1200"),
        ("#expr:2.50", "2.5"),
        ("#expr:0.1+0.2", "0.3"),
        ("#expr:1.5e6", "1500000"),
        ("#expr:12345678901234", "12345678901234"),
        ("#expr:0.00001", "1.0E-5"),
        ("#expr:17 div 5", "3.4"),
        ("#expr:17 fmod 5.5", "0.5"),
        ("#ifexpr:5>3|a|b", "a"),
        ("#ifexpr:5>3 and 2>3|a|b", "b"),
        ("#ifexpr:0|a", ""),
        ("#ifexpr:|a|b", "b"),
        ("#if: |a|b", "b"),
        ("#if:<!-- c -->|a|b", "b"),
        ("#ifeq:01|1|a|b", "a"),
        ('#ifeq:"01"|"1"|a|b', "b"),
        ("#ifeq:a|A|a|b", "b"),
        ("#ifeq:1e3|1000|a|b", "a"),
        ("#switch:b|a=1|b|c=2|3", "2"),
        ("#switch:z|a=1|#default=2|b=3", "2"),
        ("#switch:3.0|3=t|f", "t"),
        ("#switch: a | a = 1 | 2 ", "1"),
        ("#iferror:{{#expr:1/0}}|bad|good", "bad"),
        ("#iferror:{{#expr:1/1}}|bad|good", "good"),
        ("#iferror:{{#expr:2/1}}|bad", "2"),
        ("#titleparts:A/B/C|2", "A/B"),
        ("#titleparts:A/B/C|1|2", "B"),
        ("#ifeq:a||b|c", "c"),
        ("#switch:2|1=a|2=b|c", "b"),
        ("#switch:7|1=a|2=b|c", "c"),
        ("#switch:7|1=a|2=b|#default=c", "c"),
        ("#switch:7|1=a|#default=c|d", "d"),
        ("#switch:3|1|2|3=low|4|5=high|none", "low"),
        ("#switch:5|1|2|3=low|4|5=high|none", "high"),
        ("#switch:z|a=1", ""),
        ("#switch:q|a=1|q", "q"),
        ("#switch:a|a=1=2", "1=2"),
        ("#switch:|=empty|a=1", "empty"),
        ("#switch:a|b|a|c", "c"),
        ("#switch:b|#default=1|b=2", "2"),
        ("#switch:k|#default|a=1|b=2", "1"),
        ("#if:x|a=b|c", "a=b"),
        ("#if:x|1=b|c", "1=b"),
        ("#ifeq:x|x|2=b|c", "2=b"),
        ("#ifexpr:1|3=b|c", "3=b"),
        ("#ifeq:-1|−1|a|b", "b"),
        ("#expr:2^3^2", "64"),
        ("#expr:-2^2", "4"),
        ("#expr:2*-3", "-6"),
        ("#expr:(1+2)*3-4/2", "7"),
        ("#expr:7/3 round 3", "2.333"),
        ("#expr:5 round 0 + 1", "5"),
        ("#expr:not 1 or 1", "1"),
        ("#expr:1=1 and 2<3", "1"),
        ("#expr:trunc 5.7*2", "10"),
        ("#expr:sqrt 16 + 1", "5"),
        ("#expr:3.14159e2", "314.159"),
        ("#expr:5e-3", "0.005"),
        ("#expr:10 fmod 3", "1"),
        ("#expr:-7 mod 3", "-1"),
        ("#expr:1000000*1000000000", "1.0E+15"),
        ("#expr:2/3*100 round 1", "66.7"),
        ("#expr:exp 1", "2.718281828459"),
        ("#expr:ln 10 round 4", "2.3026"),
        ("#expr:12.0", "12"),
        ("#iferror:{{#expr:1,5}}|bad|good", "bad"),
        ("#titleparts:A/B/C|-1", "A/B"),
        ("#titleparts:A/B/C||2", "B/C"),
        ("#titleparts:A/B/C|1|-1", "C"),
        ("plural:0|one|many|0=none", "none"),
        ("plural:12|one|many|12=dozen", "dozen"),
        ("plural:2|one|many|12=dozen", "many"),
    ],
)
def test_a_sentence_has_what_mediawiki_shows(inner: str, shown: str) -> None:
    """Each was rendered by MediaWiki 1.39.17 with ParserFunctions, set to Italian."""
    expected = f"x {shown} y" if shown else "x y"
    assert plain_text(f"x {{{{{inner}}}}} y", Namespaces.of({}), language="it") == expected


def test_an_expression_that_is_none_leaves_its_sentence() -> None:
    for wrong in ("1,5", "1 000", "5 km", "sqrt -1", "foo 1", "(-8)^0.5 > 1", "floor((-8)^0.5)", "exp 1000"):
        assert plain_text(f"x {{{{#expr:{wrong}}}}} y", Namespaces.of({}), language="it") == "x y"


@pytest.mark.parametrize(
    ("language", "shown"),
    [("et", "1234 12 345,6"), ("be", "1 234 12 345,6"), ("tr", "1.234 12.345,6"), ("ja", "1,234 12,345.6")],
)
def test_numbers_of_other_wikis(language: str, shown: str) -> None:
    """By the tables of separators of MediaWiki 1.43.9; none of these wikis is among the twenty."""
    wikitext = "x {{formatnum:1234}} {{formatnum:12345.6}} y"
    assert plain_text(wikitext, Namespaces.of({}), language=language) == f"x {shown} y"


def test_numbers_of_an_unknown_wiki_stay_as_they_are() -> None:
    wikitext = "x {{formatnum:12345.6}} {{formatnum:1.234|R}} {{formatnum:-5}} y"
    assert plain_text(wikitext, Namespaces.of({}), language=None) == "x 12345.6 1.234 −5 y"


def test_a_part_of_a_title_that_is_no_number_counts_as_none() -> None:
    assert plain_text("x {{#titleparts:A/B|--5}} y", Namespaces.of({}), language="it") == "x A/B y"
