"""A run as a picture: what the plant was like, with the doses and the fills of the controller."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from edgectl.plant.quantities import quantities
from edgectl.simulate.houses import House
from edgectl.simulate.world import DAY, World


class NoPlots(Exception):
    """The library that draws is not installed."""


@dataclass(slots=True)
class Track:
    """The truth of some quantities over the days. `look` is called as often as the picture needs."""

    house: House
    days: list[float] = field(default_factory=list)
    values: dict[str, list[float]] = field(default_factory=dict)
    _found: dict[str, Callable[[], float]] = field(default_factory=dict)

    def look(self, world: World) -> None:
        """Note how things stand now."""
        plant = world.field.ground.plant
        plant.advance(world.now)
        if not self._found:
            self._found = quantities(plant.layout, plant.plumbing, plant.climate, lambda: plant.weather.at(plant.at))
        self.days.append(world.now / DAY)
        for _, _, names in self.house.charts:
            for name in names:
                self.values.setdefault(name, []).append(self._found[name]())

    def draw(self, world: World, path: Path) -> None:
        """Write the picture; the ending of the name chooses the format. Raises NoPlots."""
        try:
            from matplotlib.figure import Figure
        except ImportError as error:
            raise NoPlots("pictures need matplotlib: pip install 'edgectl[plots]'") from error
        doses = world.field.ground.plant.plumbing.doses
        rows = len(self.house.charts) + bool(doses)
        figure = Figure(figsize=(11, 2.4 * rows), layout="constrained")
        axes = figure.subplots(rows, 1, sharex=True, squeeze=False)[:, 0]
        for axis, (title, unit, names) in zip(axes, self.house.charts, strict=False):
            for name in names:
                axis.plot(self.days, self.values[name], label=name.replace(".", " "), linewidth=1.2)
            axis.set_title(title, loc="left", fontsize=10)
            axis.set_ylabel(unit)
            if len(names) > 1:
                axis.legend(loc="upper right", fontsize=8)
        if doses:
            for name, pump in doses.items():
                pulses = [(pulse.start / DAY, pulse.ml) for pulse in pump.pulses]
                if pulses:
                    axes[-1].plot(*zip(*pulses, strict=True), "o", markersize=3, label=name.replace("_", " "))
            axes[-1].set_title("Doses", loc="left", fontsize=10)
            axes[-1].set_ylabel("ml")
            if axes[-1].get_legend_handles_labels()[0]:
                axes[-1].legend(loc="upper right", fontsize=8)
        axes[-1].set_xlabel("days")
        for axis in axes:
            axis.grid(alpha=0.3)
        figure.savefig(path)
