"""Which unigram models have words with pieces of their own, and which have not, by name."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sentencepiece

from stages.models.sentencepiece_file import FORMAT, read_pieces
from stages.models.unigram_words import ends_before_spaces, roots_of, why_words_depend

PIECE = FORMAT.ModelProto.SentencePiece


def changed(pieces: bytes, change: Callable[[Any], object]) -> str | None:
    proto = read_pieces(pieces, "x")
    change(proto)
    return why_words_depend(proto)


def trained(tmp_path: Path, rules: str) -> bytes:
    """A model whose table of characters is these rules."""
    (tmp_path / "rules.tsv").write_text(rules, encoding="ascii")
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["a b c d"] * 9),
        model_writer=model,
        vocab_size=12,
        hard_vocab_limit=False,
        normalization_rule_tsv=str(tmp_path / "rules.tsv"),
        minloglevel=2,
    )
    return model.getvalue()


def test_what_is_left_to_sentencepiece(pieces: bytes) -> None:
    """Each option under which a word's pieces would depend on its neighbours."""
    kind = {"user": PIECE.USER_DEFINED, "normal": PIECE.NORMAL}
    space = next(i for i, piece in enumerate(read_pieces(pieces, "x").pieces) if piece.piece == "▁")
    found = {
        "none": changed(pieces, lambda p: None),
        "bpe": changed(pieces, lambda p: setattr(p.trainer_spec, "model_type", FORMAT.TrainerSpec.BPE)),
        "spaces": changed(pieces, lambda p: setattr(p.normalizer_spec, "remove_extra_whitespaces", False)),
        "prefix": changed(pieces, lambda p: setattr(p.normalizer_spec, "add_dummy_prefix", False)),
        "unescaped": changed(pieces, lambda p: setattr(p.normalizer_spec, "escape_whitespaces", False)),
        "suffix": changed(pieces, lambda p: setattr(p.trainer_spec, "treat_whitespace_as_suffix", True)),
        "bytes": changed(pieces, lambda p: setattr(p.trainer_spec, "byte_fallback", True)),
        "user": changed(pieces, lambda p: setattr(p.pieces[-1], "type", kind["user"])),
        "no space": changed(pieces, lambda p: setattr(p.pieces[space], "piece", "qq")),
        "inside": changed(pieces, lambda p: setattr(p.pieces[-1], "piece", "a▁")),
        "two spaces": changed(pieces, lambda p: setattr(p.pieces[-1], "piece", "▁▁")),
    }
    assert found == {
        "none": None,
        "bpe": "the model is no unigram model",
        "spaces": "it keeps extra spaces",
        "prefix": "it puts no space before a text",
        "unescaped": "it does not write spaces as U+2581",
        "suffix": "it puts spaces after words",
        "bytes": "it falls back to bytes",
        "user": "it has user-defined symbols",
        "no space": "it has no piece for a space",
        "inside": "a piece holds a space after another character",
        "two spaces": "a piece holds a space after another character",
    }


def test_trap_rules_with_a_space_in_what_they_replace(tmp_path: Path) -> None:
    """`b c` becomes `x`: the words alone would not."""
    rules = "62 20 63\t78\n64\t65\n"
    assert changed(trained(tmp_path, rules), lambda p: None) == "it replaces texts with a space in them"
    assert changed(trained(tmp_path, "62 63\t78\n64\t20 65\n"), lambda p: None) is None


def test_words_end_before_spaces_alone() -> None:
    table = ends_before_spaces().reshape(256, 256)
    assert not table[:, ord(" ")].any()
    assert table[ord(" "), ord("a")]
    assert table[ord("a"), ord(".")]
    assert not table[0xFF].any()
    assert not table[:, 0xFF].any()


def test_pieces_of_one_root_can_change_places() -> None:
    roots = roots_of(["-", "--", "▁-", "---", "ab", "abab", "aba", "a", ""]).tolist()
    assert roots[0] == roots[1] == roots[3]
    assert roots[4] == roots[5]
    assert len({roots[i] for i in (0, 2, 4, 6, 7, 8)}) == 6
