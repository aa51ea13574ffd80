"""What a model is and how it is trained: frozen, checked configs, and LLaMA's sizes (table 2) by name."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from stages.core.location import NOT_CONTENT
from stages.core.manifest import Record
from stages.core.mistakes import suggest


class ModelConfig(Record):
    """A LLaMA: pre-norm RMSNorm, SwiGLU, rotary embeddings, no biases, untied embeddings.

    `num_kv_heads` below `num_heads` is Llama 2's grouped-query attention.
    """

    dim: int = Field(gt=0)
    num_layers: int = Field(gt=0)
    num_heads: int = Field(gt=0)
    num_kv_heads: int | None = Field(
        None, gt=0, description="heads of keys and values; all of them when not given"
    )
    multiple_of: int = Field(
        256, gt=0, description="the hidden size of SwiGLU is rounded up to a multiple of this"
    )
    hidden_multiplier: float = Field(
        1.0, gt=0, description="factor on SwiGLU's 2/3 * 4 * dim (Llama 2 70B, 3: 1.3)"
    )
    norm_epsilon: float = Field(1e-5, gt=0)
    rope_theta: float = Field(10_000.0, gt=0)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.dim % self.num_heads:
            raise ValueError(f"dim {self.dim} must be a multiple of num_heads {self.num_heads}")
        if self.head_dim % 2:
            raise ValueError(f"dim / num_heads is {self.head_dim}; rotary embeddings need an even number")
        if self.num_heads % self.kv_heads:
            raise ValueError(f"num_heads {self.num_heads} must be a multiple of num_kv_heads {self.kv_heads}")
        return self

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        return self.dim // self.num_heads

    @property
    def kv_heads(self) -> int:
        """Heads of keys and values."""
        return self.num_kv_heads or self.num_heads

    @property
    def hidden_dim(self) -> int:
        """Hidden width of SwiGLU: 2/3 of 4 * dim, times the multiplier, rounded up."""
        hidden = int(self.hidden_multiplier * int(8 * self.dim / 3))
        return -(-hidden // self.multiple_of) * self.multiple_of

    def num_parameters(self, vocab_size: int) -> int:
        """Weights of the model, both embeddings included."""
        attention = 2 * self.dim * self.dim + 2 * self.dim * self.kv_heads * self.head_dim
        layer = attention + 3 * self.dim * self.hidden_dim + 2 * self.dim
        return self.num_layers * layer + 2 * vocab_size * self.dim + self.dim

    def flops_per_token(self, vocab_size: int, sequence_length: int) -> int:
        """Floating-point operations of one training token, forward and backward (PaLM, appendix B)."""
        matrices = self.num_parameters(vocab_size) - vocab_size * self.dim
        return 6 * matrices + 12 * self.num_layers * self.dim * sequence_length


PRESETS: dict[str, ModelConfig] = {
    "tiny": ModelConfig(dim=64, num_layers=2, num_heads=4, multiple_of=32),
    "7B": ModelConfig(dim=4096, num_layers=32, num_heads=32, norm_epsilon=1e-6),
    "13B": ModelConfig(dim=5120, num_layers=40, num_heads=40, norm_epsilon=1e-6),
    "33B": ModelConfig(dim=6656, num_layers=60, num_heads=52, norm_epsilon=1e-6),
    "65B": ModelConfig(dim=8192, num_layers=80, num_heads=64, norm_epsilon=1e-5),
    "llama2-70B": ModelConfig(
        dim=8192, num_layers=80, num_heads=64, num_kv_heads=8, multiple_of=4096, hidden_multiplier=1.3
    ),
    "llama3-8B": ModelConfig(
        dim=4096,
        num_layers=32,
        num_heads=32,
        num_kv_heads=8,
        multiple_of=1024,
        hidden_multiplier=1.3,
        rope_theta=500_000.0,
    ),
}

PEAK_RATES = {"7B": 3e-4, "13B": 3e-4, "33B": 1.5e-4, "65B": 1.5e-4, "llama2-70B": 1.5e-4, "llama3-8B": 3e-4}
DEFAULT_PEAK_RATE = 1e-3


class TrainConfig(Record):
    """How a model is trained; the defaults are LLaMA's (section 2.3). Batches are counted in sequences.

    What is no content may change between a checkpoint and its resumption: where and how it runs, not what is trained.
    """

    model: str | ModelConfig = Field("7B", description=f"one of {', '.join(PRESETS)}, or sizes of your own")
    document_mask: bool = Field(False, description="attention stays inside a document (Llama 3)")
    steps: int | None = Field(
        None, gt=0, description="steps to train; all that the mixture holds when not given"
    )
    batch_sequences: int = Field(
        2048, gt=0, description="sequences of a step over all ranks (2048 * 2048 tokens)"
    )
    micro_batch_sequences: Annotated[int, NOT_CONTENT] = Field(
        8, gt=0, description="sequences that go through the model at a time"
    )
    peak_rate: float | None = Field(
        None, gt=0, description="highest learning rate; the preset's when not given"
    )
    final_rate_fraction: float = Field(0.1, ge=0, le=1, description="where the cosine ends, of the peak")
    warmup_steps: int = Field(2000, ge=0)
    beta1: float = Field(0.9, ge=0, lt=1)
    beta2: float = Field(0.95, ge=0, lt=1)
    epsilon: float = Field(1e-8, gt=0)
    weight_decay: float = Field(0.1, ge=0)
    max_grad_norm: float = Field(1.0, gt=0)
    seed: int = 1
    threads: Annotated[int, NOT_CONTENT] = Field(
        2, gt=0, description="CPU threads of torch; fixed, because sums depend on it"
    )
    device: Annotated[str, NOT_CONTENT] = Field(
        "auto", pattern="^(auto|cpu|cuda)$", description="auto, cpu or cuda"
    )
    compile: Annotated[bool, NOT_CONTENT] = Field(False, description="torch.compile the model")
    checkpoint_steps: Annotated[int, NOT_CONTENT] = Field(
        1000, gt=0, description="steps from one checkpoint to the next"
    )
    keep_checkpoints: Annotated[int, NOT_CONTENT] = Field(
        2, gt=0, description="the last so many checkpoints are kept"
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if isinstance(self.model, str) and self.model not in PRESETS:
            raise ValueError(f"model {self.model!r}: no such size; {suggest(self.model, PRESETS)}")
        if self.steps is not None and self.warmup_steps >= self.steps:
            raise ValueError(f"warmup_steps {self.warmup_steps} must be below `steps` {self.steps}")
        return self

    @property
    def sizes(self) -> ModelConfig:
        """The model's sizes, a preset's name resolved."""
        return PRESETS[self.model] if isinstance(self.model, str) else self.model

    @property
    def peak(self) -> float:
        """The highest learning rate."""
        if self.peak_rate is not None:
            return self.peak_rate
        return (
            PEAK_RATES.get(self.model, DEFAULT_PEAK_RATE)
            if isinstance(self.model, str)
            else DEFAULT_PEAK_RATE
        )
