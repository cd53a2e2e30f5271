"""`python -m edgectl.drivers.sim --dir DIR`: a simulated house on real ports."""

from pathlib import Path

import click

from edgectl.drivers.sim import shelf
from edgectl.drivers.sim.server import Plan, serve


@click.command()
@click.option("--dir", "folder", type=click.Path(path_type=Path), required=True, help="Ports, trace and control here.")
@click.option("--speed", type=float, default=1.0, help="How much faster the tank refills.")
@click.option("--turnaround-ms", type=float, default=3.0, help="How long a device thinks.")
@click.option("--baudrate", type=int, help="Pace the line like a real one.")
@click.option(
    "--unit",
    multiple=True,
    metavar="N=KIND",
    help="One more device on the serial line, at address N; gone takes one off.",
)
@click.option("--boxed", multiple=True, metavar="N=KIND", help="A new device in its box, at N once it is brought.")
@click.option("--witness", is_flag=True, help="A board at unit 3 of the network whose inputs see the relays.")
@click.option("--apart", is_flag=True, help="Each device in a process of its own.")
@click.option("--circuit", multiple=True, metavar="NAME=KIND", help="An EZO circuit on bus-NAME: pH EC DO RTD PMP.")
@click.option(
    "--stream", multiple=True, metavar="NAME=KIND", help="A device of frames on bus-NAME: sonar gas davis lcusN."
)
def main(
    folder: Path,
    speed: float,
    turnaround_ms: float,
    baudrate: int | None,
    unit: tuple[str, ...],
    boxed: tuple[str, ...],
    witness: bool,
    apart: bool,
    circuit: tuple[str, ...],
    stream: tuple[str, ...],
) -> None:
    """Serve until SIGTERM."""
    named, in_box = _numbered(unit), _numbered(boxed)
    plan = Plan(
        speed=speed,
        turnaround_s=turnaround_ms / 1000,
        baudrate=baudrate,
        circuits=dict(item.split("=", 1) for item in circuit),
        streams=dict(item.split("=", 1) for item in stream),
        more={number: shelf.device(kind, number) for number, kind in named.items() if kind != "gone"},
        boxed={number: shelf.device(kind, number) for number, kind in in_box.items()},
        gone=frozenset(number for number, kind in named.items() if kind == "gone"),
        witness=witness,
        apart=apart,
    )
    serve(folder, plan)


def _numbered(items: tuple[str, ...]) -> dict[int, str]:
    return {int(number): kind for number, _, kind in (item.partition("=") for item in items)}


if __name__ == "__main__":
    main()
