"""P20: a site file of 10,000 schedules, read, checked and built, in the time of the processor."""

import statistics
import tempfile
import time
from pathlib import Path

from rows import Goal, main, spread

from edgectl.config import calendars, stream
from edgectl.config.loader import load

MANY, ROUNDS, MOST_S = 10_000, 3, 5
SMALL = Path(__file__).parents[1] / "examples" / "small.yaml"


def crowded(folder: Path) -> Path:
    """Each schedule at a minute of its own within the week."""
    rows = "".join(
        f'  s{n}: {{zone: zone-1, task: irrigation, cron: "{n % 60} {n // 60 % 24} * * {n // 1440}", duration: 1s}}\n'
        for n in range(MANY)
    )
    head, tail = SMALL.read_text().split("schedules:\n")
    path = folder / "site.yaml"
    path.write_text(f"{head}schedules:\n{rows}{tail}")
    return path


def whole(path: Path) -> float:
    calendars.never_closer.cache_clear()
    begin = time.process_time()
    assert len(load(path).schedules) > MANY
    return time.process_time() - begin


def events(text: str, parser: str) -> float:
    begin = time.process_time()
    assert sum(1 for _ in getattr(stream, parser)(text)) > 10 * MANY
    return time.process_time() - begin


def measure() -> tuple[list[tuple[str, str]], list[Goal]]:
    took: dict[str, list[float]] = {"whole": [], "quick": [], "careful": []}
    with tempfile.TemporaryDirectory() as name:
        path = crowded(Path(name))
        text = path.read_text()
        for _ in range(ROUNDS):
            took["whole"].append(whole(path))
            took["quick"].append(events(text, "quick"))
            took["careful"].append(events(text, "careful"))
    middle = {kind: statistics.median(values) for kind, values in took.items()}
    return [
        ("read, checked and built, s", spread(took["whole"])),
        ("the events of its text alone, by libyaml, s", spread(took["quick"])),
        ("the events of its text alone, by ruamel.yaml, s", spread(took["careful"])),
    ], [
        Goal(row="P20", what="all of it, s of the processor", value=middle["whole"], limit=MOST_S),
        Goal(
            row="P20", what="all of it against ruamel.yaml's events", value=middle["whole"] / middle["careful"], limit=1
        ),
    ]


if __name__ == "__main__":
    main("P20 a site file of 10,000 schedules", measure)
