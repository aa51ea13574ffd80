"""What a model is and how it is trained: frozen, checked configs, and LLaMA's sizes (table 2) by name."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from stages.core.location import NOT_CONTENT, Location
from stages.core.manifest import Record
from stages.core.mistakes import shown_value, suggest

Recompute = Literal["none", "selective", "full"]
Parallel = Literal["ddp", "fsdp"]
Precision = Literal["auto", "float32", "autocast", "bfloat16"]
RateSchedule = Literal["cosine", "wsd"]
TrackerName = Literal["tensorboard", "trackio"]


class ModelConfig(Record):
    """A LLaMA: pre-norm RMSNorm, SwiGLU, rotary embeddings, no biases, untied embeddings.

    `num_kv_heads` below `num_heads` is Llama 2's grouped-query attention.
    """

    dim: int = Field(gt=0, description="width of the model")
    num_layers: int = Field(gt=0, description="transformer layers")
    num_heads: int = Field(gt=0, description="attention heads; they share `dim` evenly")
    num_kv_heads: int | None = Field(
        None, gt=0, description="heads of keys and values; all of them when not given"
    )
    multiple_of: int = Field(
        256, gt=0, description="the hidden size of SwiGLU is rounded up to a multiple of this"
    )
    hidden_multiplier: float = Field(
        1.0, gt=0, description="factor on SwiGLU's 2/3 * 4 * dim (Llama 2 70B, 3: 1.3)"
    )
    norm_epsilon: float = Field(1e-5, gt=0, description="added to the mean square in RMSNorm")
    rope_theta: float = Field(10_000.0, gt=0, description="base of the rotary embeddings (Llama 3: 500000)")

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


def _llama(dim: int, num_layers: int, num_heads: int, norm_epsilon: float = 1e-5) -> ModelConfig:
    return ModelConfig(dim=dim, num_layers=num_layers, num_heads=num_heads, norm_epsilon=norm_epsilon)


PRESETS: dict[str, ModelConfig] = {
    "tiny": ModelConfig(dim=64, num_layers=2, num_heads=4, multiple_of=32),
    "125M": _llama(768, 12, 12),
    "350M": _llama(1024, 24, 16),
    "1.3B": _llama(2048, 24, 16),
    "7B": _llama(4096, 32, 32, 1e-6),
    "13B": _llama(5120, 40, 40, 1e-6),
    "33B": _llama(6656, 60, 52, 1e-6),
    "65B": _llama(8192, 80, 64),
    "llama2-7B": _llama(4096, 32, 32),
    "llama2-13B": _llama(5120, 40, 40),
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
    "llama3-70B": ModelConfig(
        dim=8192,
        num_layers=80,
        num_heads=64,
        num_kv_heads=8,
        multiple_of=4096,
        hidden_multiplier=1.3,
        rope_theta=500_000.0,
    ),
}


class PaperTraining(Record):
    """How the paper of a size trained it: peak rate, entries of the vocabulary, tokens of a sequence, documents apart."""

    peak_rate: float
    vocab_size: int = 32_000
    sequence_length: int = 2048
    document_mask: bool = False


LLAMA2, LLAMA3 = 4096, 8192
"""Tokens of a sequence (Llama 2, table 1; Llama 3, section 3.4.1: the length before the context is made longer)."""

AS_TRAINED: dict[str, PaperTraining] = {
    "tiny": PaperTraining(peak_rate=1e-3),
    "125M": PaperTraining(peak_rate=6e-4),
    "350M": PaperTraining(peak_rate=3e-4),
    "1.3B": PaperTraining(peak_rate=2e-4),
    "7B": PaperTraining(peak_rate=3e-4),
    "13B": PaperTraining(peak_rate=3e-4),
    "33B": PaperTraining(peak_rate=1.5e-4),
    "65B": PaperTraining(peak_rate=1.5e-4),
    "llama2-7B": PaperTraining(peak_rate=3e-4, sequence_length=LLAMA2),
    "llama2-13B": PaperTraining(peak_rate=3e-4, sequence_length=LLAMA2),
    "llama2-70B": PaperTraining(peak_rate=1.5e-4, sequence_length=LLAMA2),
    "llama3-8B": PaperTraining(
        peak_rate=3e-4, vocab_size=128_256, sequence_length=LLAMA3, document_mask=True
    ),
    "llama3-70B": PaperTraining(
        peak_rate=1.5e-4, vocab_size=128_256, sequence_length=LLAMA3, document_mask=True
    ),
}
"""Of each preset; the rates of 125M to 1.3B are GPT-3's for these widths (its table 2.1)."""

UNKNOWN_SIZES = PaperTraining(peak_rate=1e-3)


class TrainConfig(Record):
    """How a model is trained; the defaults are LLaMA's (section 2.3). Batches are counted in sequences.

    What is no content may change between a checkpoint and its resumption: where and how it runs, not what is trained.
    """

    model: str | ModelConfig = Field("7B", description=f"one of {', '.join(PRESETS)}, or sizes of your own")
    start: Location | None = Field(
        None,
        description="what to go on from: a Hugging Face Llama of the same sizes, or a checkpoint, moments and all",
    )
    cache: Location | None = Field(
        None, description="local folder that shards of a store are copied into as they are read, and ahead"
    )
    document_mask: bool | None = Field(
        None, description="attention stays inside a document (Llama 3); as the preset's paper when not given"
    )
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
    rate_schedule: RateSchedule = Field(
        "cosine", description="cosine, or wsd: level after the warm-up, then straight down at the end"
    )
    decay_fraction: float = Field(
        0.1, gt=0, le=1, description="part of the steps, the last, in which wsd goes down"
    )
    final_rate_fraction: float = Field(
        0.1, ge=0, le=1, description="where the learning rate ends, of the peak"
    )
    warmup_steps: int = Field(2000, ge=0, description="steps in which the learning rate rises to its peak")
    beta1: float = Field(0.9, ge=0, lt=1, description="AdamW's decay of the mean of gradients")
    beta2: float = Field(0.95, ge=0, lt=1, description="AdamW's decay of the mean of their squares")
    epsilon: float = Field(1e-8, gt=0, description="added to the root of the squares in AdamW")
    weight_decay: float = Field(0.1, ge=0, description="AdamW's decay of matrices; norms do not decay")
    max_grad_norm: float = Field(1.0, gt=0, description="gradients are scaled down to this norm")
    z_loss: float = Field(
        0.0, ge=0, description="factor on the squared log of the softmax's sum (PaLM: 0.0001)"
    )
    held_out_sequences: int = Field(
        0, ge=0, description="sequences of each source, a tenth of it at most, that are never trained on"
    )
    held_out_steps: int = Field(
        1000, gt=0, description="steps from one loss on the held-out sequences to the next"
    )
    sample_tokens: int = Field(
        0, ge=0, description="tokens at most of a text that the model writes where the held-out loss is due"
    )
    sample_tokenizer: Location | None = Field(
        None, description="file of the tokens' tokenizer, for that text, where the run did not train it"
    )
    seed: int = Field(1, description="of the first weights and of the order of sequences")
    precision: Precision = Field(
        "auto",
        description="float32; autocast: float32 weights, products in bfloat16; bfloat16: weights and activations in bfloat16,"
        " the optimizer's in float32 (with --parallel fsdp); auto: float32 on a CPU, else autocast, with fsdp bfloat16",
    )
    spike_factor: Annotated[float | None, NOT_CONTENT] = Field(
        20.0,
        gt=1,
        description="stop at a gradient so many times the median of the last 100 after the warm-up",
    )
    skip_batches: Annotated[tuple[int, ...], NOT_CONTENT] = Field(
        (), description="steps, from 1, whose batches are left out, as after a spike"
    )
    parallel: Annotated[Parallel, NOT_CONTENT] = Field(
        "ddp", description="over several processes: ddp, a whole model in each, or fsdp, a part of it in each"
    )
    tensor_parallel: Annotated[int, NOT_CONTENT] = Field(
        1,
        gt=0,
        description="fsdp: so many neighbouring processes share each layer's products, on the same sequences",
    )
    reshard: Annotated[bool, NOT_CONTENT] = Field(
        True,
        description="fsdp: give up a layer's weights after its forward pass; without it faster, and more memory",
    )
    cpu_offload: Annotated[bool, NOT_CONTENT] = Field(
        False,
        description="fsdp: weights, gradients and optimizer lie in the host's memory, and are stepped there",
    )
    recompute: Annotated[Recompute, NOT_CONTENT] = Field(
        "none",
        description="activations computed again in the backward pass: none, selective (all but products and attention), full",
    )
    loss_positions: Annotated[int, NOT_CONTENT] = Field(
        2048, gt=0, description="positions whose logits stand at a time"
    )
    threads: Annotated[int, NOT_CONTENT] = Field(
        2, gt=0, description="CPU threads of torch; fixed, because sums depend on it"
    )
    device: Annotated[str, NOT_CONTENT] = Field(
        "auto", pattern="^(auto|cpu|cuda)$", description="auto, cpu or cuda"
    )
    compile: Annotated[bool, NOT_CONTENT] = Field(False, description="torch.compile each layer")
    deterministic: Annotated[bool, NOT_CONTENT] = Field(
        False,
        description="on a GPU, only kernels that add in one order, so that a resumed run is the same; slower",
    )
    trackers: Annotated[tuple[TrackerName, ...], NOT_CONTENT] = Field(
        (), description="tell each step to tensorboard or trackio too, whose packages are installed apart"
    )
    checkpoint_steps: Annotated[int, NOT_CONTENT] = Field(
        1000, gt=0, description="steps from one checkpoint to the next"
    )
    keep_checkpoints: Annotated[int, NOT_CONTENT] = Field(
        2, gt=0, description="the last so many checkpoints are kept"
    )
    keep_steps: Annotated[int | None, NOT_CONTENT] = Field(
        None, gt=0, description="the checkpoint of every so many steps is kept besides, for good"
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if isinstance(self.model, str) and self.model not in PRESETS:
            raise ValueError(f"model {shown_value(self.model)}: no such size; {suggest(self.model, PRESETS)}")
        if self.steps is not None and self.warmup_steps >= self.steps:
            raise ValueError(f"warmup_steps {self.warmup_steps} must be below `steps` {self.steps}")
        if self.parallel != "fsdp" and (self.precision == "bfloat16" or self.cpu_offload):
            wanted = "cpu_offload" if self.cpu_offload else "precision bfloat16"
            raise ValueError(f"{wanted} needs parallel fsdp, in one process too")
        shared, sizes = self.tensor_parallel, self.sizes
        if shared > 1 and self.parallel != "fsdp":
            raise ValueError("tensor_parallel needs parallel fsdp")
        if sizes.kv_heads % shared or sizes.hidden_dim % shared:
            heads = f"the {sizes.kv_heads} heads of keys and the hidden size {sizes.hidden_dim}"
            raise ValueError(f"tensor_parallel {shared} must divide {heads}")
        if any(step < 1 for step in self.skip_batches):
            raise ValueError("skip_batches are steps, from 1, as the log counts them")
        return self

    @property
    def sizes(self) -> ModelConfig:
        """The model's sizes, a preset's name resolved."""
        return PRESETS[self.model] if isinstance(self.model, str) else self.model

    @property
    def as_trained(self) -> PaperTraining:
        """What the preset's paper did; of sizes of one's own a small model's."""
        return AS_TRAINED[self.model] if isinstance(self.model, str) else UNKNOWN_SIZES

    @property
    def peak(self) -> float:
        """The highest learning rate."""
        return self.as_trained.peak_rate if self.peak_rate is None else self.peak_rate

    @property
    def masks_documents(self) -> bool:
        """Whether attention stays inside a document."""
        return self.as_trained.document_mask if self.document_mask is None else self.document_mask
