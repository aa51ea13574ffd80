"""Log-probabilities of answers and texts under a causal model: as transformers computes them one by one, padded or not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.core.errors import UserError
from stages.models.causal import Prompt, causal_dependencies, check_causal, load_causal
from tests.causal_models import CONTEXT_TOKENS, make_causal

torch: Any = pytest.importorskip("torch")
transformers: Any = pytest.importorskip("transformers", reason="the extra `label` is not installed")

PROMPTS = [
    Prompt("Is this good? ", text, "\nAnswer: ")
    for text in ("short", "a somewhat longer text " * 2, "", "x é ü")
]
ANSWERS = ("yes", "no", "maybe not")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_causal(tmp_path_factory.mktemp("causal")))


def plain_log_probability(folder: str, context: str, wanted: str) -> float:
    """ln P(wanted | context), a token at a time, without batches."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    before, whole = (tokenizer(text)["input_ids"] for text in (context, context + wanted))
    with torch.inference_mode():
        logs = model(torch.tensor([whole])).logits[0].log_softmax(-1)
    return float(sum(logs[at - 1, whole[at]] for at in range(len(before), len(whole))))


def test_answers_of_one_token_and_of_many_are_as_plain_transformers_has_them(folder: str) -> None:
    found = load_causal(folder, "cpu", 8).answers(PROMPTS, ANSWERS, None)
    for row, prompt in enumerate(PROMPTS):
        context = (prompt.before + prompt.text + prompt.after).rstrip()
        expected = [plain_log_probability(folder, context, " " + answer) for answer in ANSWERS]
        np.testing.assert_allclose(found[row], expected, rtol=1e-5)


def test_a_batch_changes_nothing(folder: str) -> None:
    alone, together = (load_causal(folder, "cpu", size).answers(PROMPTS, ANSWERS, None) for size in (1, 8))
    np.testing.assert_allclose(alone, together, rtol=1e-5)
    again = load_causal(folder, "cpu", 8).answers(PROMPTS, ANSWERS, None)
    assert (again == together).all()


def test_perplexity_in_nats_a_byte(folder: str) -> None:
    texts = ["some text", "yes yes é", ""]
    found = load_causal(folder, "cpu", 8).nats_per_byte(texts, None)
    expected = [-plain_log_probability(folder, "", text) / len(text.encode()) for text in texts[:2]]
    np.testing.assert_allclose(found[:2], expected, rtol=1e-5)
    assert np.isnan(found[2])


@pytest.mark.parametrize("max_tokens", [None, 60])
def test_of_what_is_too_long_the_texts_end_is_cut_and_the_answers_stay(
    folder: str, max_tokens: int | None
) -> None:
    limit = max_tokens or CONTEXT_TOKENS
    model = load_causal(folder, "cpu", 8)
    long = PROMPTS[0]._replace(text="word " * 500)
    (found,) = model.answers([long], ANSWERS, max_tokens)
    # A token is a byte here: the mark of the start, the prompt, and the longest answer.
    beside = 1 + len((long.before + long.after).rstrip()) + len(" maybe not")
    fitting = [long._replace(text=long.text[:size]) for size in range(limit - beside - 5, limit - beside)]
    logs = model.answers(fitting, ANSWERS, None)
    assert sum(np.allclose(one, found, rtol=1e-5) for one in logs) == 1


def test_a_prompt_that_never_fits_is_one_line(folder: str) -> None:
    with pytest.raises(
        UserError, match="the prompt without a text is 23 tokens, and 20 is what the model sees"
    ):
        load_causal(folder, "cpu", 8).answers(PROMPTS[:1], ANSWERS, 20)


def test_what_the_output_depends_on_is_every_file_of_the_model(folder: str, tmp_path: Path) -> None:
    other = make_causal(tmp_path / "other", seed=1)
    names = {line.split()[0] for line in causal_dependencies(folder)}
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= names
    assert causal_dependencies(folder) != causal_dependencies(str(other))


def test_a_folder_without_a_model_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no model in Hugging Face's layout there"):
        check_causal(str(tmp_path))


def cut_weights(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def other_weights(folder: Path) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"num_hidden_layers": 2}))


def no_config(folder: Path) -> None:
    (folder / "config.json").write_text("{")


def no_causal(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "t5"}')


@pytest.mark.parametrize("damage", [cut_weights, no_weights, other_weights, no_config, no_causal])
def test_a_model_that_is_not_whole_is_one_line(tmp_path: Path, damage: Any) -> None:
    made = make_causal(tmp_path / "model")
    damage(made)
    with pytest.raises(
        UserError, match=f"^{made}: (not a causal language model|the model has no weights)"
    ) as told:
        load_causal(str(made), "cpu", 8)
    assert "\n" not in str(told.value)


def test_without_transformers_the_extra_is_named(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stages.models.causal.find_spec", lambda name: None)
    with pytest.raises(
        UserError, match=r"labels of a language model need transformers: pip install 'altiplano\[label\]'"
    ):
        load_causal(folder, "cpu", 8)
