"""An SRE with Prometheus alone: every alert fires when it should, keeps quiet when it should, and asks for numbers that
there are. promtool evaluates the rules; the names come from a running daemon."""

import http.client
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.dashboards import DASHBOARDS, FOLDER, write
from edgectl.testing.field import SimulatedField

pytestmark = pytest.mark.timeout(240)
RULES = Path(__file__).parents[2] / "docs" / "prometheus" / "edgectl.rules.yml"
HERE = 'instance="gh-1"'
CENTRE = {"edgectl_outbox_lines", "edgectl_parity_gaps"}  # only where a site has a centre
WORD = re.compile(r"\b(?:edgectl_\w+|task_\w+|command_\w+|scheduler_\w+)\b")
NOT_METRICS = {"task_type", "task_id"}

# alert -> what it looks at, as promtool writes series: first quiet, then so that it fires
SCENES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "EdgectlAcceptSlow": (
        {
            'edgectl_task_accept_seconds_bucket{le="2.0"}': "0+1x120",
            'edgectl_task_accept_seconds_bucket{le="+Inf"}': "0+1x120",
        },
        {
            'edgectl_task_accept_seconds_bucket{le="2.0"}': "0x120",
            'edgectl_task_accept_seconds_bucket{le="5.0"}': "0+1x120",
            'edgectl_task_accept_seconds_bucket{le="+Inf"}': "0+1x120",
        },
    ),
    "EdgectlTasksTakeTooLong": (
        {
            'edgectl_task_excess_seconds_bucket{le="90.0"}': "0+1x120",
            'edgectl_task_excess_seconds_bucket{le="+Inf"}': "0+1x120",
        },
        {
            'edgectl_task_excess_seconds_bucket{le="90.0"}': "0x120",
            'edgectl_task_excess_seconds_bucket{le="120.0"}': "0+1x120",
            'edgectl_task_excess_seconds_bucket{le="+Inf"}': "0+1x120",
        },
    ),
    "EdgectlDeadlinesMissed": (
        {"task_deadline_violation_rate{}": "0.05x120"},
        {"task_deadline_violation_rate{}": "0.06x120"},
    ),
    "EdgectlOrdersNotConfirmed": (
        {"command_effect_confirm_rate{}": "0.95x120"},
        {"command_effect_confirm_rate{}": "0.94x120"},
    ),
    "EdgectlRecoveryUnknown": (
        {"task_recovery_success_rate{}": "0.9x120"},
        {"task_recovery_success_rate{}": "0.5x120"},
    ),
    "EdgectlTasksFail": ({"edgectl_tasks_failed_total{}": "0x30 3x90"}, {"edgectl_tasks_failed_total{}": "0+1x120"}),
    "EdgectlBacklog": ({"scheduler_active_tasks{}": "100x120"}, {"scheduler_active_tasks{}": "101x120"}),
    "EdgectlBusDown": ({"edgectl_bus_up{}": "1x120"}, {"edgectl_bus_up{}": "0x120"}),
    "EdgectlDeviceQuarantined": ({"edgectl_device_down{}": "0x120"}, {"edgectl_device_down{}": "1x120"}),
    "EdgectlDeviceOffline": ({"edgectl_device_down{}": "0x57 1x4 0x60"}, {"edgectl_device_down{}": "1x120"}),
    "EdgectlReadingMissing": ({"edgectl_readings_missing{}": "0x120"}, {"edgectl_readings_missing{}": "2x120"}),
    "EdgectlOutputMayBeOn": (
        {'edgectl_alarms{code="biz_low_ph"}': "1x120"},
        {'edgectl_alarms{code="output_may_be_on"}': "1x120"},
    ),
    "EdgectlOutputPastItsEnd": (
        {"edgectl_output_overdue_seconds{}": "0x120"},
        {"edgectl_output_overdue_seconds{}": "6x120"},
    ),
    "EdgectlDown": ({'up{job="edgectl"}': "1x120"}, {'up{job="edgectl"}': "0x120"}),
    "EdgectlNotReady": ({"edgectl_ready{}": "1x120"}, {"edgectl_ready{}": "0x120"}),
    "EdgectlLoopStalled": (
        {"edgectl_stalls_total{}": "0x20 3x100"},  # what is over calls nobody for ever
        {"edgectl_stalls_total{}": "0x55 1x65"},
    ),
    "EdgectlJournalDegraded": ({"edgectl_journal_ok{}": "1x120"}, {"edgectl_journal_ok{}": "0x120"}),
    "EdgectlClockUntrusted": ({"edgectl_clock_trusted{}": "1x120"}, {"edgectl_clock_trusted{}": "0x120"}),
    "EdgectlCertificateEnds": (  # promtool's clock begins at 1970, and looks after an hour
        {"edgectl_door_certificate_expires_timestamp_seconds{}": "2596000x120"},
        {"edgectl_door_certificate_expires_timestamp_seconds{}": "2594000x120"},
    ),
    "EdgectlTaskCrashes": ({"edgectl_task_crashes_total{}": "3x120"}, {"edgectl_task_crashes_total{}": "0x50 1x70"}),
    "EdgectlLoopStands": ({"edgectl_turn_age_seconds{}": "2x120"}, {"edgectl_turn_age_seconds{}": "4x120"}),
    "EdgectlCriticalAlarm": (
        {'edgectl_alarms{priority="high"}': "1x120"},
        {'edgectl_alarms{priority="critical"}': "1x120"},
    ),
    "EdgectlOutboxGrows": ({"edgectl_outbox_lines{}": "20000-100x120"}, {"edgectl_outbox_lines{}": "10000+100x180"}),
    "EdgectlParityGap": ({"edgectl_parity_gaps{}": "0x120"}, {"edgectl_parity_gaps{}": "1x120"}),
}
LATE = {"EdgectlOutboxGrows": "150m"}


def rules() -> list[dict[str, Any]]:
    read = YAML(typ="safe").load(RULES)
    return [rule for group in read["groups"] for rule in group["rules"]]


def labelled(series: str) -> str:
    """A series of one site."""
    name, _, rest = series.partition("{")
    return f"{name}{{{HERE}{', ' if rest != '}' else ''}{rest}"


def promtool(*words: str) -> subprocess.CompletedProcess[str]:
    path = shutil.which("promtool")
    assert path is not None, "promtool is missing: bash .ci/run installs it (Debian: prometheus)"
    return subprocess.run([path, *words], capture_output=True, text=True, timeout=90, check=False)


def test_the_rules_are_rules() -> None:
    done = promtool("check", "rules", str(RULES))
    assert done.returncode == 0, done.stdout + done.stderr
    for rule in rules():
        assert rule["annotations"]["summary"], rule
        assert rule["annotations"]["do"], f"{rule['alert']} calls somebody and does not say what to do"
        assert rule["labels"]["severity"] in ("critical", "warning")


def evaluated(folder: Path, scenes: list[tuple[str, dict[str, str], bool]]) -> subprocess.CompletedProcess[str]:
    """Let promtool say whether each alert fires in its scene as it should."""
    tests = []
    for alert, series, fires in scenes:
        tests.append(
            {
                "name": f"{alert} {'fires' if fires else 'is quiet'}",
                "interval": "1m",
                "input_series": [{"series": labelled(name), "values": values} for name, values in series.items()],
                "promql_expr_test": [
                    {
                        "expr": f'count(ALERTS{{alertname="{alert}", alertstate="firing"}}) or vector(0)',
                        "eval_time": LATE.get(alert, "60m"),
                        "exp_samples": [{"labels": "{}", "value": 1 if fires else 0}],
                    }
                ],
            }
        )
    file = folder / "alerts.json"
    file.write_text(json.dumps({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": tests}))
    return promtool("test", "rules", str(file))


def test_every_alert_fires_when_it_should_and_only_then(tmp_path: Path) -> None:
    assert {rule["alert"] for rule in rules()} == set(SCENES), "an alert without a scene is a hope"
    scenes = [(alert, quiet, False) for alert, (quiet, _) in SCENES.items()]
    scenes += [(alert, loud, True) for alert, (_, loud) in SCENES.items()]
    done = evaluated(tmp_path, scenes)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_alert_that_cannot_fire_would_be_found(tmp_path: Path) -> None:
    assert evaluated(tmp_path, [("EdgectlBacklog", SCENES["EdgectlBacklog"][0], True)]).returncode != 0


# ---------------------------------------------------------------- names


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What a daemon exposes after one watering and a restart in the middle of another one."""
    folder = tmp_path_factory.mktemp("metrics")
    with SimulatedField(folder / "field") as field:
        daemon = DaemonProcess(folder, write_site(folder, field, every="3s", duration="1s", travel="100ms"))
        with daemon:
            daemon.wait_ready()
            daemon.wait(
                "/tasks", lambda tasks: any(t["status"] == "completed" and t["schedule"] == "watering" for t in tasks)
            )
            before = read(daemon)
            daemon.kill()
            daemon.start()
            daemon.wait_ready()
            after = read(daemon)
            for name in ("edgectl_task_sla_total", "task_accept_to_terminal_latency_count"):
                assert total(after, name) >= total(before, name) > 0, "a restart forgets nothing"
            yield after


def read(daemon: DaemonProcess) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", daemon.http, timeout=20)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    return text


def total(text: str, name: str) -> float:
    return sum(
        float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith((f"{name}{{", f"{name} "))
    )


def known(text: str) -> set[str]:
    """Every name that may be asked for."""
    found: set[str] = set(CENTRE)
    for name, kind in re.findall(r"^# TYPE (\S+) (\w+)", text, re.M):
        found |= {f"{name}_bucket", f"{name}_count", f"{name}_sum"} if kind == "histogram" else {name}
    return found


def test_what_is_counted_begins_at_zero_before_it_happens(metrics: str) -> None:
    """A counter that appears with a one has never risen, for whoever asks for its increase: the first crash would call
    nobody."""
    for rule in rules():
        for name in re.findall(r"increase\((\w+)", rule["expr"]):
            assert re.search(rf"^{name}(?:{{.+}})? ", metrics, re.M), name
    assert 'edgectl_task_crashes_total{task="stall guard"} 0.0' in metrics


def test_the_names_of_the_contract_are_kept(metrics: str) -> None:
    names = {
        "task_accept_to_terminal_latency_bucket",
        "task_deadline_violation_rate",
        "task_recovery_success_rate",
        "command_effect_confirm_rate",
        "scheduler_dispatch_skips_total",
        "scheduler_leader_role",
        "scheduler_active_tasks",
        "edgectl_task_sla_total",
        "edgectl_task_recovery_total",
    }
    assert names <= known(metrics)
    assert 'command_effect_confirm_rate{task_type="irrigation"} ' in metrics
    assert re.search(
        r'task_accept_to_terminal_latency_bucket\{le="\+Inf",status="completed",task_type="irrigation"\}', metrics
    )
    assert "st-" not in metrics, "no id of a task is a label"


def test_alerts_and_dashboards_ask_for_numbers_that_there_are(metrics: str) -> None:
    there = known(metrics)
    asked = {name for rule in rules() for name in WORD.findall(rule["expr"])}
    asked |= {name for board in DASHBOARDS.values() for panel in board.panels for name in WORD.findall(panel.expr)}
    assert len(asked) > 20
    assert asked - NOT_METRICS <= there, sorted(asked - NOT_METRICS - there)


def test_the_dashboards_are_those_of_their_generator(tmp_path: Path) -> None:
    write(tmp_path)
    for name in DASHBOARDS:
        assert (FOLDER / f"{name}.json").read_text() == (tmp_path / f"{name}.json").read_text(), (
            "python -m edgectl.testing.dashboards"
        )
