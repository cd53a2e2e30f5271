"""One unit of a line in words: what answered, which profiles fit, and what it reads."""

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from edgectl.drivers.discover import Found


def story(found: "Found", *, whole: bool = False) -> list[str]:
    """One unit in words."""
    if found.text:
        return [
            f"this line speaks in words, not in Modbus ({found.text!r}), as an EZO circuit does",
            "  write it as a bus of type ezo-uart; edgectl device identify with the port asks for its kind",
        ]
    if found.noise:
        clear = " ".join(f"FC{function:02d}" for function in found.functions)
        how = f"answers {clear} and garbles the rest" if clear else "two answers collide, or the line is noisy"
        return [
            f"unit {found.unit:<3}  {how}: two devices may share this address",
            f"          heard {found.noise}; take one of them off the line, ask again, and give it another address",
        ]
    if not found.there:
        return []
    answers = " ".join(f"FC{function:02d}" for function in found.functions)
    head = f"unit {found.unit:<3}  answers {answers:<14}"
    if not found.guesses and not found.whole:
        return [f"{head}  no profile has been found to fit yet"]
    if not found.guesses:
        return [f"{head}  no profile fits; edgectl device new LINE {found.unit} NAME reads its registers"]
    best, *others = found.guesses
    sure = "is a" if best.proven else "could be a"
    lines = [f"{head}  {sure} {best.profile}{_reads(best.values, whole)}"]
    # What proves itself needs no rivals; where nothing does, a person has to look at what each would mean.
    rivals = others if whole or not best.proven else []
    return lines + [f"{'':<33}  or a {guess.profile}{_reads(guess.values, whole)}" for guess in rivals]


def _reads(values: tuple[tuple[str, float, str], ...], whole: bool) -> str:
    shown = values if whole else values[:3]
    told = ", ".join(f"{name} {value:g}{f' {unit}' if unit else ''}" for name, value, unit in shown)
    return f": {told}{', …' if len(shown) < len(values) else ''}" if told else ""


def tell_part(told: dict[str, Any] | None) -> None:
    """What was found of a unit until the look was broken off, for a person."""
    from edgectl.drivers.discover import found_in

    context = click.get_current_context(silent=True)
    if told is None or (context is not None and context.params.get("as_json")):
        return
    found = found_in(told)
    lines = story(found, whole=True) if found.there else [f"unit {found.unit:<3}  has not answered"]
    for text in ["so far, and not all that there is to ask:", *lines]:
        click.echo(text)


def unlike(meant: str, fits: list[str]) -> str:
    """Why a device is not what the site file says, as far as its registers tell."""
    from edgectl.drivers import registry

    clones = [name for name in registry.find(meant).clones if name in fits]
    if clones:
        return f"its numbers are impossible under that profile, and possible as {clones[0]}, which counts otherwise"
    return f"that does not fit; {' or '.join(fits) or 'no profile'} does"
