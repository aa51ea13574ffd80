"""A step's work and seconds in, how well the device was used out: model FLOPs utilisation (PaLM, appendix B), and memory."""

from __future__ import annotations

import resource

import torch

PEAK_FLOPS = {"A100": 312e12, "H100": 989e12, "H200": 989e12, "L40S": 362e12, "B200": 2250e12}
"""Dense bfloat16 operations per second by a part of the device's name."""

_KIB = 1024


def utilisation(flops: float, seconds: float, device: torch.device, world_size: int) -> float | None:
    """Share of what the devices can do at most, 0..1; None on a device whose peak is not known."""
    if device.type != "cuda":
        return None
    name = torch.cuda.get_device_name(device)
    peak = next((most for part, most in PEAK_FLOPS.items() if part in name), None)
    return None if peak is None else flops / seconds / (peak * world_size)


def memory_bytes(device: torch.device) -> int:
    """The most memory so far: of the device, where it is a GPU, else of this process."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIB
