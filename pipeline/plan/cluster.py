"""The options of a plan in, the machines and the prices that it is for out."""

from __future__ import annotations

from pydantic import Field

from stages.core.manifest import Record


class ClusterOptions(Record):
    """The machines that a plan is for, and what they cost."""

    nodes: int = Field(1, gt=0, description="machines")
    cores_per_node: int = Field(64, gt=0, description="cores of each; a core works on one task")
    core_hour_price: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="price of a core for an hour; left out: no cost is told"
    )
    tb_month_price: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="price of a TB on disk for a month"
    )
    thousand_gets_price: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="price of 1,000 GET requests of a store (HEAD too), where run and raw files lie on one",
    )
    thousand_puts_price: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="price of 1,000 PUT requests (POST, copies and listings too)",
    )
