"""Packed tokens in, the file formats of other trainers out: Hugging Face, Megatron, nanoGPT, MosaicML."""
