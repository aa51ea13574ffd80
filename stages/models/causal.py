"""Texts in, log-probabilities out: any causal language model of a folder in Hugging Face's layout, run on this machine.

Prompt and answer are put together as the LM Evaluation Harness does (Gao et al. 2021): spaces at the end of the prompt go to
the answer, and the answer's tokens are what is left of both together after as many tokens as the prompt has.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from stages.core import storage
from stages.core.errors import UserError
from stages.core.threads import let_threads_sleep
from stages.models.find import model_sha256

LOGITS_AT_ONCE = 1 << 27
"""Numbers of one block of logits, 512 MB: a long text under a large vocabulary has many."""

CONFIG_NAME = "config.json"
EXTRA = "label"

Logs = npt.NDArray[np.float64]


class Prompt(NamedTuple):
    """What stands before a text, the text, and what stands after it; the text alone is cut where all is too long."""

    before: str
    text: str
    after: str


class AskedTokens(NamedTuple):
    """Tokens of a context, and the tokens whose probability after it is asked for."""

    context: tuple[int, ...]
    wanted: tuple[int, ...]


class CausalModel:
    """A loaded model and its tokenizer. Equal texts in equal batches give equal numbers on one kind of machine."""

    def __init__(self, folder: str, device: str, batch_texts: int) -> None:
        self.folder, self._batch_texts = folder, batch_texts
        with _told(folder):
            self._tokenizer, self._model = _load(folder)
        self._device = _device(device)
        self._model = self._model.eval().to(self._device)
        self._takes_positions = "logits_to_keep" in inspect.signature(self._model.forward).parameters
        self._vocabulary = int(self._model.config.get_text_config().vocab_size)

    @property
    def max_tokens(self) -> int | None:
        """Tokens that the model sees, where it says."""
        found = getattr(self._model.config.get_text_config(), "max_position_embeddings", None)
        return None if found is None else int(found)

    def answers(self, prompts: Sequence[Prompt], answers: Sequence[str], max_tokens: int | None) -> Logs:
        """ln P(answer | prompt) of every answer to every prompt, shape (prompts, answers)."""
        limit = min((one for one in (max_tokens, self.max_tokens) if one is not None), default=None)
        asked = [one for prompt in prompts for one in self._asked(prompt, answers, limit)]
        found = np.array([logs.sum() for logs in self._log_probabilities(asked)])
        return found.reshape(len(prompts), len(answers))

    def nats_per_byte(self, texts: Sequence[str], max_tokens: int | None) -> Logs:
        """-ln P(text) / its bytes in UTF-8, shape (texts,); nan of a text without two tokens. What is too long is cut.

        The first token, where the tokenizer puts no mark before it, has no probability and counts as sure.
        """
        limit = min((one for one in (max_tokens, self.max_tokens) if one is not None), default=None)
        asked, sizes = [], []
        for text in texts:
            cut, tokens = self._fitted(Prompt("", text, ""), 0, limit)
            asked.append(AskedTokens(tokens[:1], tokens[1:]))
            sizes.append(len(cut.encode()))
        logs = np.array([one.sum() for one in self._log_probabilities(asked)])
        lengths = np.array([size if one.wanted else 0 for size, one in zip(sizes, asked, strict=True)])
        with np.errstate(invalid="ignore", divide="ignore"):
            found: Logs = -logs / lengths
        return found

    def _asked(self, prompt: Prompt, answers: Sequence[str], limit: int | None) -> list[AskedTokens]:
        after = prompt.after.rstrip()
        spaces = prompt.after[len(after) :]
        room = max(len(self._tokens(spaces + answer, special=False)) for answer in answers) + 1
        text, context = self._fitted(prompt._replace(after=after), room, limit)
        whole = prompt.before + text + after
        asked = []
        for answer in answers:
            wanted = self._tokens(whole + spaces + answer)[len(context) :]
            if not wanted:
                raise UserError(
                    f"{self.folder}: the answer {answer!r} is no token of its own after the prompt"
                )
            asked.append(AskedTokens(context, wanted))
        return asked

    def _fitted(self, prompt: Prompt, room: int, limit: int | None) -> tuple[str, tuple[int, ...]]:
        """As much of the text's beginning as fits with `room` tokens beside it, and the tokens of the whole."""
        text = prompt.text
        while True:
            tokens = self._tokens(prompt.before + text + prompt.after)
            if limit is None or len(tokens) + room <= limit:
                return text, tokens
            if not text:
                raise UserError(
                    f"{self.folder}: the prompt without a text is {len(tokens)} tokens, and {limit} is what the model sees"
                )
            own = max(1, len(self._tokens(text, special=False)))
            left = own - (len(tokens) + room - limit)
            text = text[: max(0, min(len(text) - 1, len(text) * left // own))]

    def _tokens(self, text: str, special: bool = True) -> tuple[int, ...]:
        """The tokens of a text, without the mark of its end that some tokenizers add."""
        ids = self._tokenizer(text, add_special_tokens=special, verbose=False)["input_ids"]
        if special and ids and ids[-1] == self._tokenizer.eos_token_id:
            ids = ids[:-1]
        return tuple(ids)

    def _log_probabilities(self, asked: Sequence[AskedTokens]) -> list[Logs]:
        """ln P of each wanted token after those before it, an array for each of `asked`."""
        found = [np.empty(0)] * len(asked)
        # Answers of one token share their context, which is read once.
        by_seen: dict[tuple[int, ...], list[int]] = {}
        for place, one in enumerate(asked):
            if one.wanted and one.context:
                by_seen.setdefault(one.context + one.wanted[:-1], []).append(place)
        seen = sorted(by_seen, key=lambda tokens: (len(tokens), tokens))
        for rows in _batches(list(map(len, seen)), self._batch_texts, self._vocabulary):
            batch = seen[rows]
            pairs = [(row, place) for row, tokens in enumerate(batch) for place in by_seen[tokens]]
            logs = self._read(batch, [(row, asked[place]) for row, place in pairs])
            for (_, place), values in zip(pairs, logs, strict=True):
                found[place] = values
        return found

    def _read(self, batch: Sequence[tuple[int, ...]], pairs: Sequence[tuple[int, AskedTokens]]) -> list[Logs]:
        """ln P of the wanted tokens of each of `pairs`, which names a row of `batch`."""
        import torch

        longest = max(map(len, batch))
        ids = torch.zeros((len(batch), longest), dtype=torch.long)
        there = torch.zeros((len(batch), longest), dtype=torch.long)
        for row, tokens in enumerate(batch):
            # Padding comes after the text, where a causal model does not see it.
            ids[row, : len(tokens)] = torch.tensor(tokens)
            there[row, : len(tokens)] = 1
        places = [range(len(one.context) - 1, len(one.context) - 1 + len(one.wanted)) for _, one in pairs]
        kept = sorted({place for own in places for place in own})
        given = {"logits_to_keep": torch.tensor(kept, device=self._device)} if self._takes_positions else {}
        with torch.inference_mode():
            logits = self._model(
                input_ids=ids.to(self._device),
                attention_mask=there.to(self._device),
                use_cache=False,
                **given,
            ).logits
            at = {place: number for number, place in enumerate(kept if given else range(longest))}
            found = []
            for (row, one), own in zip(pairs, places, strict=True):
                picked = logits[row, [at[place] for place in own]].float().log_softmax(-1)
                wanted = torch.tensor(one.wanted, device=self._device)
                found.append(picked.gather(1, wanted[:, None])[:, 0].double().cpu().numpy())
        return found


def _batches(lengths: Sequence[int], batch_texts: int, vocabulary: int) -> Iterator[slice]:
    """Neighbouring rows of rising length, as many as may be read at once."""
    start = 0
    while start < len(lengths):
        stop = start + 1
        while (
            stop < len(lengths)
            and stop - start < batch_texts
            and (stop + 1 - start) * lengths[stop] * vocabulary <= LOGITS_AT_ONCE
        ):
            stop += 1
        yield slice(start, stop)
        start = stop


def check_causal(folder: str) -> None:
    """A UserError where the packages, or the folder of a model, are not there."""
    if any(find_spec(name) is None for name in ("torch", "transformers")):
        raise UserError(f"labels of a language model need transformers: pip install 'altiplano[{EXTRA}]'")
    if "://" in folder or not storage.exists(storage.join(folder, CONFIG_NAME)):
        raise UserError(
            f"{folder}: no model in Hugging Face's layout there (no {CONFIG_NAME}); give a local folder that has one"
        )


def causal_dependencies(folder: str) -> list[str]:
    """Name and SHA-256 of every file of a model; a UserError where there is none."""
    check_causal(folder)
    return [f"{name} {model_sha256(storage.join(folder, name))}" for name in _files(folder)]


def _files(folder: str) -> list[str]:
    return sorted(name for name in storage.list_files(folder) if not name.startswith(".") and "/" not in name)


def load_causal(folder: str, device: str, batch_texts: int) -> CausalModel:
    """A model, loaded once per process while its files stay what they are; a UserError when it is none."""
    check_causal(folder)
    stamps = tuple(storage.stamp(storage.join(folder, name)) for name in _files(folder))
    return _loaded(folder, stamps, device, batch_texts)


@lru_cache(maxsize=2)
def _loaded(folder: str, stamps: tuple[tuple[int, int], ...], device: str, batch_texts: int) -> CausalModel:
    return CausalModel(folder, device, batch_texts)


def _load(folder: str) -> tuple[Any, Any]:
    let_threads_sleep()
    import transformers  # on use: it is an extra

    transformers.utils.logging.disable_progress_bar()  # it would write between the lines of ours, in every worker
    given = {"local_files_only": True, "trust_remote_code": False}
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **given)
    # Never pickle: a file of weights that is not ours may hold any program.
    model, info = transformers.AutoModelForCausalLM.from_pretrained(
        folder, use_safetensors=True, output_loading_info=True, dtype="auto", **given
    )
    if missing := sorted(info["missing_keys"]):
        raise UserError(
            f"{folder}: the model has no weights {missing[0]} and {len(missing) - 1} others; fetch it again"
        )
    return tokenizer, model


@contextmanager
def _told(folder: str) -> Iterator[None]:
    """What the libraries raise of a model that is none as a UserError; trouble of the machine stays what it is."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:
            raise
        raise _not_whole(folder, error) from error
    except UserError:
        raise
    except Exception as error:
        if isinstance(error, MemoryError):
            raise
        raise _not_whole(folder, error) from error


def _not_whole(folder: str, error: Exception) -> UserError:
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return UserError(f"{folder}: not a causal language model, or not all of one ({reason})")


def _device(name: str) -> str:
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise UserError(f"device {name}: torch finds no GPU here; leave it out, or say cpu")
    return name
