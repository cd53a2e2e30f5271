"""The keys of the site file that say who may dispatch."""

from pathlib import Path

import pytest

from edgectl.config.loader import load
from edgectl.model.time import SECOND
from tests.unit.site_files import SMALL, line_of, rejected


def test_an_outside_scheduler_is_let_in_by_name_only(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(SMALL)
    assert load(path).outside_scheduler is False
    path.write_text(f"{SMALL}\napi: {{outside_scheduler: true}}\n")
    assert load(path).outside_scheduler is True


def test_a_pair_names_where_its_lease_is_kept_and_never_a_password(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(SMALL)
    assert load(path).pair is None
    path.write_text(f"{SMALL}\nlease: {{type: host}}\n")
    assert load(path).pair is None
    path.write_text(f"{SMALL}\nlease: {{type: postgres, dsn: {{credential: lease-dsn}}}}\n")
    pair = load(path).pair
    assert pair is not None
    assert (pair.credential, pair.terms.ttl) == ("lease-dsn", 15 * SECOND)


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("api: {outside_scheduler: yes}", "api.outside_scheduler", "true"),
        ("api: {outside_schedulers: true}", "api.outside_schedulers", "did you mean outside_scheduler?"),
        ("lease: {type: postgres}", "lease.dsn", "dsn: {credential: NAME}"),
        ("lease: {type: postgres, dsn: {credential: lease}, ttl: 2s}", "lease.ttl", "from 6s to 10m"),
        ("lease: {type: postgres, dsn: {credential: lease}, ttl: 15}", "lease.ttl", "15s"),
        ("lease: {type: raft}", "lease.type", "postgres"),
        ("lease: {type: host, ttl: 15s}", "lease.ttl", "not a known key"),
        ("api: open", "api", "outside_scheduler: true"),
        ('api: {listen: "0.0.0.0:9405"}', "api.listen", "without a lock"),
        ('api: {listen: "[::]:9405"}', "api.listen", "edgectl door open"),
        ('api: {listen: "greenhouse:9405"}', "api.listen", 'write listen: "0.0.0.0:9405"'),
        ('api: {listen: "127.0.0.1:94050"}', "api.listen", "is no ADDRESS:PORT"),
        ('api: {metrics: "0.0.0.0:9401"}', "api.metrics", "without a lock"),
        ('api: {metrics: "9401"}', "api.metrics", ""),
        ('api: {metrics: "127.0.0.1:94010"}', "api.metrics", 'write metrics: "127.0.0.1:9401"'),
        ('api: {listen: "127.0.0.1:9405", metrics: "localhost:9405"}', "api.metrics", "stands there too"),
        ('api: {metrics: "127.0.0.1:9405"}', "api.metrics", "is where the page is"),
        ('api: {listen: "[::]:9401", metrics: "127.0.0.1:9401", certificate: {credential: door}}', "api.metrics", ""),
        ('api: {listen: "127.0.0.1:94050", metrics: "127.0.0.1:9405"}', "api.listen", "is no ADDRESS:PORT"),
        ("api: {certificate: door}", "api.certificate", "credential: door"),
        ('api: {names: ["https://greenhouse"]}', "api.names[0]", "without https://"),
    ],
)
def test_a_mistake_is_told_at_its_line(tmp_path: Path, text: str, where: str, words: str) -> None:
    whole = f"{SMALL}\n{text}\n"
    (problem,) = rejected(tmp_path, whole)
    assert (problem.line, problem.path) == (line_of(whole, text), where)
    assert words in str(problem)
