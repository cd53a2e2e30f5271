"""`python -m edgectl.testing.dashboards`: the Grafana dashboards in docs/grafana, made from this table.

A dashboard is a list of questions; where each panel stands and what its JSON looks like follows from that.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "docs" / "grafana"
WIDE, HIGH = 12, 8
SOURCE = {"type": "prometheus", "uid": "${source}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One question. `kind` is the panel type of Grafana."""

    title: str
    expr: str
    legend: str = ""
    unit: str = "short"
    kind: str = "timeseries"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """Panels two by two."""

    title: str
    panels: tuple[Panel, ...]


SITE = 'instance=~"$site"'


def _p95(name: str, by: str) -> str:
    return f"histogram_quantile(0.95, sum by ({by}, le) (rate({name}_bucket{{{SITE}}}[$__rate_interval])))"


DASHBOARDS: dict[str, Dashboard] = {
    "operator": Dashboard(
        title="edgectl: one house",
        panels=(
            Panel(title="Ready", expr=f"edgectl_ready{{{SITE}}}", kind="stat"),
            Panel(title="Alarms", expr=f"sum by (code, priority) (edgectl_alarms{{{SITE}}})", legend="{{code}}"),
            Panel(title="Outputs that are on", expr=f"edgectl_output_on{{{SITE}}}", legend="{{output}}"),
            Panel(
                title="Age of readings",
                expr=f"edgectl_sample_age_max_seconds{{{SITE}}}",
                legend="{{bus}}",
                unit="s",
            ),
            Panel(
                title="Tasks by end",
                expr=f"sum by (status) (increase(task_accept_to_terminal_latency_count{{{SITE}}}[1h]))",
                legend="{{status}}",
            ),
            Panel(
                title="Runs left out",
                expr=f"increase(scheduler_dispatch_skips_total{{{SITE}}}[1h])",
                legend="{{reason}}",
            ),
            Panel(title="Readings that are missing", expr=f"edgectl_readings_missing{{{SITE}}}", legend="{{reason}}"),
            Panel(title="Devices that do not answer", expr=f"edgectl_device_down{{{SITE}}} == 1", legend="{{device}}"),
        ),
    ),
    "slo": Dashboard(
        title="edgectl: service levels",
        panels=(
            Panel(
                title="Deadlines met, by zone and kind",
                expr=f'sum by (zone, task_type) (increase(edgectl_task_sla_total{{{SITE}, result="met"}}[1d]))'
                f" / sum by (zone, task_type) (increase(edgectl_task_sla_total{{{SITE}}}[1d]))",
                legend="{{zone}} {{task_type}}",
                unit="percentunit",
            ),
            Panel(
                title="Recoveries, by zone and kind",
                expr=f"sum by (zone, task_type, result) (increase(edgectl_task_recovery_total{{{SITE}}}[1d]))",
                legend="{{zone}} {{task_type}} {{result}}",
            ),
            Panel(
                title="Deadlines missed (5 %)",
                expr=f"task_deadline_violation_rate{{{SITE}}}",
                legend="{{task_type}}",
                unit="percentunit",
            ),
            Panel(
                title="Orders confirmed (95 %)",
                expr=f"command_effect_confirm_rate{{{SITE}}}",
                legend="{{task_type}}",
                unit="percentunit",
            ),
            Panel(
                title="Recoveries of which the effect is known (90 %)",
                expr=f"task_recovery_success_rate{{{SITE}}}",
                unit="percentunit",
            ),
            Panel(
                title="Acceptance, p95 (2 s)",
                expr=_p95("edgectl_task_accept_seconds", "task_type"),
                legend="{{task_type}}",
                unit="s",
            ),
            Panel(
                title="Beyond the planned duration, p95 (90 s)",
                expr=_p95("edgectl_task_excess_seconds", "task_type"),
                legend="{{task_type}}",
                unit="s",
            ),
            Panel(
                title="From acceptance to end, p95",
                expr=_p95("task_accept_to_terminal_latency", "task_type, status"),
                legend="{{task_type}} {{status}}",
                unit="s",
            ),
        ),
    ),
    "fleet": Dashboard(
        title="edgectl: the fleet",
        panels=(
            Panel(title="Sites that are not ready", expr="edgectl_ready == 0", legend="{{instance}}", kind="stat"),
            Panel(
                title="Critical alarms",
                expr='sum by (instance) (edgectl_alarms{priority="critical"})',
                legend="{{instance}}",
            ),
            Panel(title="Clock not believed", expr="edgectl_clock_trusted == 0", legend="{{instance}}", kind="stat"),
            Panel(
                title="The certificate of the door is good for",
                expr="edgectl_door_certificate_expires_timestamp_seconds - time()",
                legend="{{instance}}",
                kind="stat",
                unit="s",
            ),
            Panel(title="Journal takes no entries", expr="edgectl_journal_ok == 0", legend="{{instance}}", kind="stat"),
            Panel(
                title="Bus load",
                expr="rate(edgectl_bus_busy_seconds_total[$__rate_interval])",
                legend="{{instance}} {{bus}}",
                unit="percentunit",
            ),
            Panel(
                title="Unanswered requests",
                expr="rate(edgectl_bus_timeouts_total[$__rate_interval])",
                legend="{{instance}} {{bus}}",
            ),
            Panel(title="Longest turn", expr="edgectl_longest_turn_seconds", legend="{{instance}}", unit="s"),
            Panel(title="Stalls", expr="increase(edgectl_stalls_total[1h])", legend="{{instance}}"),
            Panel(title="Runs made up for", expr="increase(edgectl_catchup_runs_total[1d])", legend="{{instance}}"),
            Panel(title="Lines waiting for the centre", expr="edgectl_outbox_lines", legend="{{instance}}"),
            Panel(title="Days that differ at the centre", expr="edgectl_parity_gaps", legend="{{instance}}"),
            Panel(
                title="Crashes of supervised tasks",
                expr="increase(edgectl_task_crashes_total[1h])",
                legend="{{instance}} {{task}}",
            ),
            Panel(title="Leads", expr="scheduler_leader_role", legend="{{instance}}", kind="stat"),
            Panel(title="Epoch of the lease", expr="edgectl_lease_epoch", legend="{{instance}}", kind="stat"),
            Panel(title="Open tasks", expr="scheduler_active_tasks", legend="{{instance}}"),
        ),
    ),
}


def write(folder: Path = FOLDER) -> None:
    """Write every dashboard."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, board in DASHBOARDS.items():
        (folder / f"{name}.json").write_text(json.dumps(_json(name, board), indent=1) + "\n")


def _json(name: str, board: Dashboard) -> dict[str, Any]:
    site = {
        "name": "site",
        "type": "query",
        "datasource": SOURCE,
        "query": "label_values(edgectl_ready, instance)",
        "refresh": 2,
        "includeAll": True,
        "multi": True,
        "current": {"text": "All", "value": "$__all"},
    }
    return {
        "uid": f"edgectl-{name}",
        "title": board.title,
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-24h", "to": "now"},
        "templating": {"list": [{"name": "source", "type": "datasource", "query": "prometheus"}, site]},
        "panels": [_panel(number, panel) for number, panel in enumerate(board.panels)],
    }


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    return {
        "id": number + 1,
        "title": panel.title,
        "type": panel.kind,
        "datasource": SOURCE,
        "gridPos": {"x": WIDE * (number % 2), "y": HIGH * (number // 2), "w": WIDE, "h": HIGH},
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "targets": [{"refId": "A", "datasource": SOURCE, "expr": panel.expr, "legendFormat": panel.legend}],
    }


if __name__ == "__main__":
    write()
