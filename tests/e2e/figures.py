"""What a gateway says about itself, as numbers."""

from __future__ import annotations

from tests.e2e.gateway_process import GatewayProcess

__all__ = ["by_dim", "metric"]


def metric(gateway: GatewayProcess, name: str, **labels: str) -> float:
    """The value of a metric with these labels; 0 when it has not been counted yet."""
    code, body = gateway.get("/metrics")
    assert code == 200, body
    wanted = name + ("{" + ",".join(f'{key}="{value}"' for key, value in labels.items()) + "}" if labels else "")
    for line in body.decode().splitlines():
        series, _, value = line.rpartition(" ")
        if series == wanted:
            return float(value)
    return 0.0


def by_dim(gateway: GatewayProcess, kpi: str, dim: str | None = None) -> dict[str | None, int]:
    """What a KPI has counted, over all its windows, by the value of `dim`."""
    total: dict[str | None, int] = {}
    for row in gateway.rows(kpi):
        key = row["dims"][dim] if dim else None
        total[key] = total.get(key, 0) + row["value"]
    return total
