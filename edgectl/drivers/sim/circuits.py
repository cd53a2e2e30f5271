"""Atlas EZO circuits as the maker describes them: one command in, lines out. Pure; time is an argument.

pH, EC, DO and RTD measure, PMP doses. No reading is ever printed twice, so whoever takes an old one for a new one is
found out.
"""

from dataclasses import dataclass, field

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
FIELDS = {"EC": ["EC", "TDS", "S", "SG"], "DO": ["mg", "%"]}  # in the order of printing
READ_S = {"pH": 0.9, "EC": 0.6, "DO": 0.6, "RTD": 0.6, "PMP": 0.3}
OTHER_S = 0.3
MAX_RATE = 58.5  # ml/min, the example of the datasheet
MIN_VOLUME = 0.5  # ml


@dataclass(slots=True)
class Job:
    """One dose under way."""

    ml: float
    begin: int
    end: int

    def given(self, now: int) -> float:
        """Millilitres so far."""
        return self.ml * min(1.0, (now - self.begin) / (self.end - self.begin))


@dataclass(slots=True)
class Circuit:
    """One circuit. Fresh from the factory it prints a reading each second without being asked."""

    kind: str  # pH EC DO RTD PMP
    word: str = ""  # how it names itself
    continuous: str = "1"
    codes: bool = True
    scale: str = "c"
    enabled: list[str] = field(default_factory=list)
    total: float = 0.0  # ml since it was made
    job: Job | None = None
    last: float = 0.0  # ml that were ordered last
    readings: int = 0

    def __post_init__(self) -> None:
        self.word = self.word or self.kind
        self.enabled = self.enabled or FIELDS.get(self.kind, [""])[:1]

    def delay_s(self, command: str) -> float:
        """How long it thinks before it prints."""
        return READ_S[self.kind] if command.lower() == "r" else OTHER_S

    def answer(self, command: str, now: int) -> list[str]:
        """What it prints for one command."""
        word, _, rest = command.partition(",")
        match word.lower():
            case "r":
                said = [self.reading(now)]
            case "i":
                said = [f"?i,{self.word},2.16"]
            case "c":
                said = self._switch("continuous", "C", rest, ("0", "1", "*"))
            case "*ok":
                return self._codes(rest)
            case "s" if self.kind == "RTD":
                said = self._switch("scale", "S", rest, ("c", "k", "f"))
            case "o" if self.kind in FIELDS:
                said = self._fields(rest)
            case "d" | "x" | "atv" | "pv" if self.kind == "PMP":
                return self._pump(word.lower(), rest, now)
            case "status":
                said = ["?Status,P,5.038"]
            case _:
                said = ["*ER"]
        return said if not self.codes or "*ER" in said else [*said, "*OK"]

    def reading(self, now: int) -> str:
        """A new measurement, unlike every one before."""
        self.readings += 1
        n = self.readings
        match self.kind:
            case "pH":
                return f"{4 + n % 9000 / 1000:.3f}"
            case "RTD":
                return f"{20 + n % 9000 / 1000:.3f}"
            case "EC":
                values = {"EC": f"{1000 + n}", "TDS": f"{500 + n}", "S": f"{n % 4000 / 100:.2f}", "SG": "1.000"}
                return ",".join(values[name] for name in FIELDS["EC"] if name in self.enabled)
            case "DO":
                values = {"mg": f"{n % 9000 / 100:.2f}", "%": f"{100 + n % 90:.1f}"}
                return ",".join(values[name] for name in FIELDS["DO"] if name in self.enabled)
            case _:
                return f"{0.0 if self.job is None else self.job.given(now):.2f}"

    def advance(self, now: int) -> list[str]:
        """What it prints by itself: the end of a dose."""
        if self.job is None or now < self.job.end:
            return []
        ml, self.job = self.job.ml, None
        self.total += ml
        return [f"*DONE,{ml:.2f}"]

    def restart(self, now: int) -> list[str]:
        """Its supply failed for a moment: the dose is lost, and it prints by itself again."""
        self._stop(now)
        self.continuous = "1"
        return ["*RS", "*RE"]

    def _stop(self, now: int) -> float:
        ml = 0.0 if self.job is None else self.job.given(now)
        self.total += ml
        self.job = None
        return ml

    def _switch(self, name: str, letter: str, rest: str, known: tuple[str, ...]) -> list[str]:
        if rest == "?":
            return [f"?{letter},{getattr(self, name)}"]
        if rest.lower() not in known:
            return ["*ER"]
        setattr(self, name, rest.lower())
        return []

    def _codes(self, rest: str) -> list[str]:
        if rest == "?":
            said = [f"?*OK,{int(self.codes)}"]
            return [*said, "*OK"] if self.codes else said
        if rest not in ("0", "1"):
            return ["*ER"]
        self.codes = rest == "1"
        return ["*OK"] if self.codes else []

    def _fields(self, rest: str) -> list[str]:
        names = FIELDS[self.kind]
        if rest == "?":
            # The DO datasheet prints "?,O,%,mg": a comma too many, and not in the order of a reading.
            listed = ",".join(name for name in reversed(names) if name in self.enabled)
            return [f"?,O,{listed}" if self.kind == "DO" else f"?O,{','.join(n for n in names if n in self.enabled)}"]
        name, _, on = rest.partition(",")
        if name not in names or on not in ("0", "1"):
            return ["*ER"]
        self.enabled = [n for n in names if (on == "1" if n == name else n in self.enabled)]
        return []

    def _pump(self, word: str, rest: str, now: int) -> list[str]:
        if word == "x":
            return [f"*DONE,{self._stop(now):.2f}"]
        if word == "atv":
            under_way = 0.0 if self.job is None else self.job.given(now)
            return [f"?ATV,{self.total + under_way:.2f}", "*OK"]
        if word == "pv":
            return ["?PV,13.86", "*OK"]
        if rest == "?":
            return [f"?D,{self.last:.2f},{int(self.job is not None)}", "*OK"]
        volume, _, minutes = rest.partition(",")
        try:
            ml, span = float(volume), float(minutes or volume) / (1.0 if minutes else MAX_RATE)
        except ValueError:
            return ["*ER"]
        if ml < MIN_VOLUME:
            return ["*MINVOL", "*ER"]
        if span <= 0 or ml / span > MAX_RATE * 1.001:
            return ["*TOOFAST", "*ER"]
        self._stop(now)
        self.last, self.job = ml, Job(ml, now, now + round(span * MINUTE))
        return ["*OK"]
