"""Tiny causal language models in Hugging Face's layout, made here: random weights, and a tokenizer of bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

CONTEXT_TOKENS = 96


def make_causal(folder: Path, seed: int = 0) -> Path:
    """A LLaMA of some thousand random weights that knows bytes, and reads CONTEXT_TOKENS tokens."""
    import tokenizers
    import torch
    import transformers

    spelled = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {name: number for number, name in enumerate(["<s>", "</s>", *spelled, "ye", "yes"])}
    made = tokenizers.Tokenizer(tokenizers.models.BPE(vocab=vocabulary, merges=[("y", "e"), ("ye", "s")]))
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    made.post_processor = tokenizers.processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 0)]
    )
    tokenizer: Any = transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token="<s>", eos_token="</s>"
    )
    config = transformers.LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=CONTEXT_TOKENS,
        bos_token_id=0,
        eos_token_id=1,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = transformers.LlamaForCausalLM(config)
        for weights in model.parameters():
            torch.nn.init.normal_(weights, std=0.3)
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    return folder
