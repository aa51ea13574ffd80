"""The stage commands: one for every source, dedup verb, filter rule and later stage, their options made from its config."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from cyclopts import App, Parameter
from pydantic import BaseModel, ValidationError, create_model
from rich.console import Console

from pipeline.cli import commands
from pipeline.cli.commands import Where
from pipeline.config import describe, validate
from pipeline.inspect.tokenizers import fit_table, tokenizer_fits
from pipeline.registry import DEDUP_VERBS, FILTER_RULES, INGEST_STAGES
from quality_classifier.train import QualityClassifier
from stages.core.errors import UserError
from stages.core.stage import Record
from stages.dedup.ids.stages import unique_ids
from stages.filter.rules.perplexity import language_models_folder
from stages.filter.stage import Filter
from stages.ingest.base import RawStage
from stages.language_model.cutoffs import TrainOptions
from stages.mix.mixture import Mix
from stages.tokenize.encode import Encode
from stages.tokenize.train import TrainTokenizer
from stages.train.stage import Train

REPORT_TEXT_BYTES = 8 << 20
REPORT_WIDTH = 130

_DOCUMENTS = Annotated[list[str], Parameter(help="runs, folders of a stage, or Parquet files of documents")]
_PACKED = Annotated[str, Parameter(help="run that holds packed tokens")]
_RAW_FILES = Annotated[list[str], Parameter(help="raw files, folders or quoted patterns")]


def stage_groups(app: App) -> list[App]:
    """Groups with the commands of all stages; `tokenize`, `mix` and `train` go into `app` itself."""
    ingest = App(name="ingest", help="Read the raw files of one source into documents.")
    for name, stage in INGEST_STAGES.items():
        _add_ingest(ingest, name, stage)
    dedup = App(name="dedup", help="Remove duplicates.")
    for verb, options in DEDUP_VERBS.items():
        _add_dedup(dedup, verb, options)
    filters = App(name="filter", help="Drop documents by a rule, or only write down its values.")
    for name, rule in FILTER_RULES.items():
        _add_filter(filters, name.replace("_", "-"), rule)
    tokenizer, quality = (
        App(name="tokenizer", help="Tokenizers."),
        App(name="quality", help="The quality classifier."),
    )
    _add_models(tokenizer, quality)
    language_models = App(name="lm", help="The language models of perplexity.")
    _add_language_models(language_models)
    _add_tokens(app)
    return [ingest, dedup, filters, language_models, quality, tokenizer]


def _add(group: App, name: str, help_line: str, command: Callable[..., None], **parameters: Any) -> None:
    """Add a command whose parameters get their types here, where the config class is known."""
    command.__annotations__ = parameters | {"where": Annotated[Where, Parameter(name="*")]}
    group.command(command, name=name, help=help_line)


def _flat(options: type[BaseModel]) -> Any:
    """The fields of a config class as options of their own; None when the user gives none of them."""
    return Annotated[options | None, Parameter(name="*")]


def _add_ingest(group: App, name: str, stage: type[RawStage]) -> None:
    def command(inputs, /, *, options=None, where):  # type: ignore[no-untyped-def]
        given = options.model_dump(exclude_unset=True) if options is not None else {}
        commands.ingest(stage.model_validate(given | {"input": tuple(inputs)}), where)

    fields: dict[str, Any] = {k: (v.annotation, v) for k, v in stage.model_fields.items() if k != "input"}
    bare = create_model(f"{stage.__name__}Options", __base__=Record, **fields)
    _add(group, name, f"Raw files of {name} to documents.", command, inputs=_RAW_FILES, options=_flat(bare))


def _add_dedup(group: App, verb: str, options_class: type[Any]) -> None:
    def command(inputs, /, *, options=None, where):  # type: ignore[no-untyped-def]
        chosen = options if options is not None else validate(options_class, {}, f"dedup {name}")
        commands.over_documents(verb, inputs, where, chosen.steps, unique_ids())

    name = verb.removeprefix("dedup_")
    _add(group, name, options_class.__doc__ or "", command, inputs=_DOCUMENTS, options=_flat(options_class))


def _add_filter(group: App, name: str, rule_class: type[Any]) -> None:
    def command(inputs, /, *, annotate_only=False, options=None, where):  # type: ignore[no-untyped-def]
        rule = options if options is not None else _defaults(name, rule_class)
        stage = Filter(rules=(rule,), annotate_only=annotate_only)
        if stage.needs_trained_model:
            raise UserError("filter reference: needs --model; train one with `altiplano quality train`")
        commands.filter_documents(inputs, stage, where)

    annotate = Annotated[
        bool,
        Parameter(help="write every value into a table (see `inspect filter`) and drop nothing", negative=""),
    ]
    options = _flat(_without_tag(rule_class))
    _add(
        group,
        name,
        rule_class.__doc__ or "",
        command,
        inputs=_DOCUMENTS,
        annotate_only=annotate,
        options=options,
    )


def _defaults(name: str, rule_class: type[BaseModel]) -> BaseModel:
    """The rule without any option; a UserError where it cannot do without."""
    try:
        return rule_class()
    except ValidationError as error:
        raise UserError(f"filter {name}: {describe(error, rule_class)}") from error


def _without_tag(rule_class: type[BaseModel]) -> type[BaseModel]:
    """The rule class with its name hidden from the options: the command already says it."""
    tag = rule_class.model_fields["rule"]
    hidden: Any = (Annotated[tag.annotation, Parameter(parse=False)], tag.default)
    return create_model(rule_class.__name__, __base__=rule_class, rule=hidden)


def _add_models(tokenizer: App, quality: App) -> None:
    def train_tokenizer(inputs, /, *, options=None, where):  # type: ignore[no-untyped-def]
        commands.train_tokenizer(inputs, options or TrainTokenizer(), where)

    def train_quality(inputs, /, *, references, seed=0, options=None, where):  # type: ignore[no-untyped-def]
        commands.train_quality(inputs, references, seed, options or QualityClassifier(), where)

    line = "Train a BPE tokenizer with LLaMA's options on documents."
    _add(tokenizer, "train", line, train_tokenizer, inputs=_DOCUMENTS, options=_flat(TrainTokenizer))
    tokenizer.command(tokenizer_report, name="report")
    line = (
        "Train the classifier of reference pages on pages and Wikipedia dumps; prints its held-out figures."
    )
    dumps = Annotated[list[str], Parameter(help="raw Wikipedia dumps: a page that they cite is a positive")]
    seed = Annotated[int, Parameter(help="chooses and orders the pages")]
    options = _flat(QualityClassifier)
    _add(
        quality, "train", line, train_quality, inputs=_DOCUMENTS, references=dumps, seed=seed, options=options
    )


def _add_language_models(group: App) -> None:
    def train(language, inputs, /, *, reference=(), folder=None, options=None, where):  # type: ignore[no-untyped-def]
        chosen = folder or language_models_folder()
        commands.train_language_model(language, inputs, reference, options or TrainOptions(), chosen, where)

    code = Annotated[str, Parameter(help="code of the language, as documents say it")]
    texts = Annotated[
        list[str], Parameter(help="documents whose percentiles are the cut-offs (else held-out ones)")
    ]
    place = Annotated[
        str | None, Parameter(help="where the models are kept (default: lm in the models folder)")
    ]
    line = (
        "Train the perplexity models of a language on its Wikipedia, and measure the cut-offs of the buckets."
    )
    options = _flat(TrainOptions)
    parameters = {"language": code, "inputs": _DOCUMENTS, "reference": texts, "folder": place}
    _add(group, "train", line, train, **parameters, options=options)


def tokenizer_report(
    inputs: _DOCUMENTS, /, *, models: list[str], max_text_bytes: int = REPORT_TEXT_BYTES
) -> None:
    """Show how tokenizers fit documents: bytes per token, tokens per word, unknown and byte-fallback rates.

    Parameters
    ----------
    models
        SentencePiece models and tokenizer.json files to compare
    max_text_bytes
        text of each source and language that is encoded, from its first documents on
    """
    Console(width=REPORT_WIDTH).print(fit_table(tokenizer_fits(inputs, models, max_text_bytes), models))


def _add_tokens(app: App) -> None:
    def tokenize(inputs, /, *, options=None, where):  # type: ignore[no-untyped-def]
        if options is None or options.model is None:
            raise UserError("tokenize: needs --model; train one with `altiplano tokenizer train`")
        commands.tokenize(inputs, options, where)

    def mix(packed, /, *, options=None, where):  # type: ignore[no-untyped-def]
        commands.mix(packed, options or Mix(), where)

    def train(packed, /, *, mixture, options=None, where):  # type: ignore[no-untyped-def]
        commands.train(packed, mixture, options or Train(), where)

    line = "Encode documents with a tokenizer and pack them, shuffled, into token shards."
    _add(app, "tokenize", line, tokenize, inputs=_DOCUMENTS, options=_flat(Encode))
    line = "Solve the mixture over packed tokens from weights, epochs and a token budget."
    _add(app, "mix", line, mix, packed=_PACKED, options=_flat(Mix))
    line = "Train a LLaMA on packed tokens by the schedule of a mixture; resumes from its last checkpoint."
    mixture = Annotated[str, Parameter(help="run that holds the mixture")]
    _add(app, "train", line, train, packed=_PACKED, mixture=mixture, options=_flat(Train))
