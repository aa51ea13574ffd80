"""Options have one form in every command: names, lists, dictionaries, and what is said of a mistake in them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any, get_origin

import pytest
from cyclopts import App

from pipeline.cli.main import main, make_app
from pipeline.cli.options import Typed, command_names


def commands(group: App, *before: str) -> Iterator[tuple[str, ...]]:
    """Every command by the names that lead to it."""
    for name in command_names(group):
        if command_names(group[name]):
            yield from commands(group[name], *before, name)
        else:
            yield (*before, name)


APP = make_app()
COMMANDS = sorted(commands(APP))
RIGHT = {
    "--keep": "a=1",
    "--base-url": "https://x.example/",
    "--dump": "CC-MAIN-2020-05",
    "--dumps": "CC-MAIN-2020-05",
    "--files": "0:1",
    "--languages": "en",
}
"""Values of options that a command needs and that take no number."""


def arguments_of(command: tuple[str, ...]) -> list[Any]:
    leaf = APP
    for name in command:
        leaf = leaf[name]
    return [argument for argument in leaf.assemble_argument_collection() if argument.parse]


def read(line: str) -> list[str]:
    return Typed().read(APP, shlex.split(line))


def options(line: str) -> dict[str, Any]:
    """What a command is given by a line."""
    _, bound, _ = APP.parse_args(read(line), exit_on_error=False, print_error=False)
    return dict(bound.arguments)


def fails(capsys: pytest.CaptureFixture[str], line: str) -> str:
    with pytest.raises(SystemExit) as stop:
        main(shlex.split(line))
    assert stop.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_list_is_with_commas_or_repeated_and_every_dictionary_is_named_values(
    command: tuple[str, ...],
) -> None:
    line = " ".join(command)
    for argument in arguments_of(command):
        name, hint = argument.name, get_origin(argument.resolved_hint)
        if not name.startswith("--"):
            continue
        if hint in (list, tuple):
            assert read(f"{line} {name} a,b") == [*command, name, "a", name, "b"] or name == "--percentiles"
            assert read(f"{line} {name}=a {name} b") == [*command, name, "a", name, "b"]
            assert read(f"{line} {name} 'a\\,b'") == [*command, name, "a,b"]
        if hint is dict:
            one = read(f"{line} {name} a=1 {name} b=2")
            assert one == read(f"{line} {name}.a 1 {name}.b=2") == read(f"{line} {name}=a=1 {name}.b 2")
            assert one == read(f"{line} {name} a=1,b=2") or name == "--set"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_and_option_has_hyphens_or_underscores(command: tuple[str, ...]) -> None:
    assert read(" ".join(command).replace("_", "-")) == list(command)
    for argument in arguments_of(command):
        if "_" in (argument.keys or ("",))[-1]:
            assert argument.match(argument.name.replace("-", "_").replace("__", "--")) == argument.match(
                argument.name
            )


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_mistake_names_the_option_as_it_is_typed(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong value of every option that takes a number, and a wrong option: no message has a field's name."""
    arguments = arguments_of(command)
    needed = [a for a in arguments if a.field_info.required and len(a.keys) < 2 and not a.children]
    line = " ".join(
        [*command, *("x" if a.name[0] != "-" else f"{a.name} {RIGHT.get(a.name, 1)}" for a in needed)]
    )
    numbers = [a for a in arguments if a.resolved_hint in (int, float) and a.name.startswith("--")]
    for argument in numbers:
        said = fails(capsys, f"{line.replace(f'{argument.name} 1', '')} {argument.name} @")
        assert f"{argument.name}" in said
        assert "_" not in said.split(":")[1]
    assert "no option --qqqq; --help lists them" in fails(capsys, f"{line} --qqqq 1")


def test_values_arrive_as_they_were_meant() -> None:
    mix = options("mix x --out o --epochs wikipedia=2,books=1.5 --groups.common_crawl cc_2017,cc_2018")[
        "options"
    ]
    assert mix.epochs == {"wikipedia": 2, "books": 1.5}
    assert mix.groups == {"common_crawl": {"cc_2017": None, "cc_2018": None}}
    assert (
        mix
        == options(
            "mix x --out o --epochs.wikipedia 2 --epochs.books 1.5 --groups common_crawl=cc_2017,cc_2018"
        )["options"]
    )
    shares = options("mix x --out o --groups.cc a=3,b=1 --groups.code c --groups.code d")["options"]
    assert shares.groups == {"cc": {"a": 3, "b": 1}, "code": {"c": None, "d": None}}

    language = options(
        "filter language x --out o --keep en,de --keep fr --per-source.c4.keep en,de --per-source c4.min-score=0.3"
    )["options"]
    assert language.keep == ("en", "de", "fr")
    assert (language.per_source["c4"].keep, language.per_source["c4"].min_score) == (("en", "de"), 0.3)
    words = options("filter word-list x --out o --lists en=a,b.txt,de=c.txt")["options"]
    assert words.lists == {"en": "a,b.txt", "de": "c.txt"}
    both = options("filter perplexity x --out o --cutoffs en=100,200 --cutoffs.de 300,400")["options"]
    assert both.cutoffs == {"en": (100, 200), "de": (300, 400)}
    trained = options("lm train en x --out o --percentiles 20,40")["options"]
    assert trained.percentiles == (20, 40)
    assert options("lm train en x --out o --percentiles 20 --percentiles 40")["options"] == trained


def test_a_variable_of_a_recipe_is_whole_and_inputs_are_never_split() -> None:
    assert options("plan r.yaml --set data=/a,b=c --set.runs x=y")["variables"] == {
        "data": "/a,b=c",
        "runs": "x=y",
    }
    assert options("dedup exact a,b c --out o")["inputs"] == ["a,b", "c"]
    assert options("dedup exact --out o -- --a,b")["inputs"] == ["--a,b"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("rnu", "no command 'rnu'; did you mean 'run'?"),
        ("--vesion", "no option --vesion; did you mean --version?"),
        ("dedup --hlep", "no option --hlep; did you mean --help?"),
        ("filter gopher", "no command 'filter gopher'; did you mean 'gopher_quality'?"),
        ("mix x", "mix needs --out; `altiplano mix --help` says what it is"),
        ("mix x --out", "option --out: needs a value"),
        (
            "mix x --out o --packing bestfit",
            "option --packing='bestfit': input should be 'stream' or 'best_fit'; did you mean 'best_fit'?",
        ),
        (
            "mix x --out o --epochs 2",
            "option --epochs='2': write --epochs NAME=VALUE, or --epochs.NAME VALUE",
        ),
        ("mix x --out o --epochs a=2 --epochs.a 3", "option --epochs.a: is given twice; give it once"),
        (
            "mix x --out o --max-epochs 0 --temperature -1",
            "option --max-epochs='0': input should be greater than 0\n"
            "altiplano: option --temperature='-1': input should be greater than 0",
        ),
        (
            "filter language x --out o --per-source.c4.min-score 2",
            "option --per-source.c4.min-score='2': input should be less than or equal to 1",
        ),
        (
            "filter language x --out o --per-source.c4.kep en",
            "option --per-source.c4.kep: unknown key; did you mean 'keep'?",
        ),
        ("filter word_list x --out o", "--words or --lists must name a file of words"),
        (
            "ingest common_crawl x --out o --url-filter.min-soft-words 2",
            "option --url-filter: give a blocklist in --url-filter.hosts or --url-filter.words",
        ),
        ("train x --mixture m --out o --model tny", "--model 'tny': no such size; did you mean 'tiny'?"),
        (
            "train x --mixture m --out o --model.dim 30 --model.num-layers 1 --model.num-heads 4",
            "option --model: --model.dim 30 must be a multiple of --model.num-heads 4",
        ),
        (
            "train x --mixture m --out o --warmup-steps 9 --steps 3",
            "--warmup-steps 9 must be below --steps 3",
        ),
        ("dedup decontaminate x --out o", "option --benchmarks: is missing; add it"),
        (
            "mix weights --out o",
            "weights: neither a run nor a finished stage's folder; give the folder that a command printed",
        ),
    ],
)
def test_what_is_mistyped_is_told_with_what_was_meant(
    line: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fails(capsys, line) == f"altiplano: {message}\n"
