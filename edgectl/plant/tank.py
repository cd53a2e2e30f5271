"""A tank of water in two parts: what stands near the suction and what stands in bulk.

Two rules. Water is neither made nor lost: what comes in stays, is drawn, leaks or runs over, and each is counted.
And time passes in one step of any length while the flows stay as they are, because the two parts have a closed form.

The closed form. Let c1 be a concentration near the suction, c2 in bulk, f the part near the suction, V the volume.
Water enters the bulk (in), leaves the suction (out) and circles from suction to bulk (round). The parts keep their
ratio, so `across` = round + out + f V' flows from bulk to suction. With ds = dt/V, which is dt/V0 or ln(V/V0)/V',

    dc1/ds = (across (c2 - c1) + dose) / f
    dc2/ds = (in (c_in - c2) + round (c1 - c2)) / (1 - f)

and both coefficients are constant: the answer is the exponential of a 2 x 2 matrix with real eigenvalues.
"""

from dataclasses import dataclass
from math import exp, expm1, log1p, sqrt

from edgectl.model.quick import quick
from edgectl.plant.water import NOTHING, Solute, ph_of

NEAR = 0.15  # of the volume stands near the suction
STILL_L_S = 0.1 / 60  # what an unstirred tank turns over by itself
BRIM_L = 1e-9


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """What moves while nothing is switched: litres per second, and what is dissolved in it."""

    into: float = 0.0
    inlet: Solute = NOTHING  # per litre of `into`
    out: float = 0.0  # drawn by pumps
    leak: float = 0.0
    round: float = 0.0  # drawn and given back to the same tank
    dose: Solute = NOTHING  # per second, near the suction
    dose_l: float = 0.0  # litres per second that the doses are
    evaporation: float = 0.0


REST = Flows()  # nothing moves


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """What left the tank in one step: litres and what was dissolved in them."""

    drawn_l: float
    drawn: Solute
    leaked_l: float
    leaked: Solute
    over_l: float
    over: Solute


_NOTHING_GONE = Gone(drawn_l=0.0, drawn=NOTHING, leaked_l=0.0, leaked=NOTHING, over_l=0.0, over=NOTHING)


class Tank:
    """Litres and amounts. `dead_l` is what the suction cannot reach; it is never zero."""

    def __init__(self, *, capacity_l: float, dead_l: float, volume_l: float, litre: Solute) -> None:
        if not 0 < dead_l <= volume_l <= capacity_l:
            raise ValueError(f"a tank holds dead <= volume <= capacity, not {dead_l}, {volume_l}, {capacity_l} L")
        self.capacity_l, self.dead_l, self.volume_l = capacity_l, dead_l, volume_l
        self._near = litre.times(volume_l * NEAR)
        self._bulk = litre.times(volume_l * (1 - NEAR))
        self._rested_s = 0.0  # at rest since, and not yet mixed for it
        self.overflow_l = self.leaked_l = self.evaporated_l = 0.0
        self._ph = 7.0

    @property
    def near(self) -> Solute:
        """The amounts near the suction."""
        self._wake()
        return self._near

    @property
    def bulk(self) -> Solute:
        """The amounts in bulk."""
        self._wake()
        return self._bulk

    @property
    def solute(self) -> Solute:
        """The amounts in the whole tank."""
        return self.near.plus(self.bulk)

    @property
    def litre_near(self) -> Solute:
        """One litre near the suction: what a pump draws."""
        return self.near.times(1 / (self.volume_l * NEAR))

    @property
    def litre_bulk(self) -> Solute:
        """One litre of the bulk: what the probes stand in, across the tank from the dosing line."""
        return self.bulk.times(1 / (self.volume_l * (1 - NEAR)))

    @property
    def ec(self) -> float:
        """mS/cm where the probes stand."""
        return self.bulk[0] / (self.volume_l * (1 - NEAR))

    @property
    def ph(self) -> float:
        """pH where the probes stand."""
        self._ph = ph_of(self.litre_bulk, self._ph)
        return self._ph

    @property
    def ph_mixed(self) -> float:
        """pH of the tank when all of it is stirred."""
        return ph_of(self.solute.times(1 / self.volume_l), self._ph)

    def pour(self, solute: Solute) -> None:
        """Pour something in near the suction, at once."""
        self._wake()
        self._near = self._near.plus(solute)

    def pass_time(self, spent_s: float, flows: Flows) -> Gone:
        """Let seconds pass under constant flows. The caller ends the step where the tank gets full or dry."""
        if flows is REST:
            self._rested_s += spent_s
            return _NOTHING_GONE
        self._wake()
        return self._pass_time(spent_s, flows)

    def _wake(self) -> None:
        """Mix for the time at rest, however long it was and however often it was asked about."""
        if self._rested_s:
            rested_s, self._rested_s = self._rested_s, 0.0
            self._pass_time(rested_s, REST)

    def _pass_time(self, spent_s: float, flows: Flows) -> Gone:
        begin_l, out = self.volume_l, flows.out + flows.leak
        rise = flows.into - out
        over = rise if rise > 0 and begin_l >= self.capacity_l - BRIM_L else 0.0
        rise -= over
        end_l = begin_l + rise * spent_s
        before, near = self._near.plus(self._bulk), self._near
        self._mix(spent_s, flows, out, rise, end_l)
        gone = self._lost(before, near, spent_s, flows, over)
        self._thin(spent_s, flows, end_l)
        self.leaked_l += gone.leaked_l
        return gone

    def _mix(self, spent_s: float, flows: Flows, out: float, rise: float, end_l: float) -> None:
        begin_l = self.volume_l
        if end_l <= 0:
            raise ValueError(f"a step of {spent_s} s would empty the tank: end it at {self.dead_l} L")
        ratio = rise * spent_s / begin_l
        s = log1p(ratio) / rise if abs(ratio) > 1e-9 else spent_s / begin_l
        circling = flows.round + STILL_L_S
        pull = (circling + out + NEAR * rise) / NEAR
        push, fresh = circling / (1 - NEAR), flows.into / (1 - NEAR)
        half = (pull + push + fresh) / 2
        root = sqrt(max(half * half - pull * fresh, half * half * 1e-18))
        fast = -half - root
        slow = pull * fresh / fast  # rather than root - half: exactly zero when nothing comes in
        e_slow, e_fast = exp(slow * s), exp(fast * s)
        p_slow, p_fast = _mean_exp(slow * s) * s, _mean_exp(fast * s) * s
        gap = slow - fast
        s11, s12, s21, s22 = (-pull - fast) / gap, pull / gap, push / gap, (-push - fresh - fast) / gap
        de, dp = e_slow - e_fast, p_slow - p_fast
        e11, e12, e21, e22 = e_fast + de * s11, de * s12, de * s21, e_fast + de * s22
        p11, p12, p21, p22 = p_fast + dp * s11, dp * s12, dp * s21, p_fast + dp * s22
        near_l, bulk_l = end_l * NEAR, end_l * (1 - NEAR)
        per_near, per_bulk = 1 / (begin_l * NEAR), 1 / (begin_l * (1 - NEAR))
        near = [
            (e11 * m1 * per_near + e12 * m2 * per_bulk) * near_l for m1, m2 in zip(self._near, self._bulk, strict=True)
        ]
        bulk = [
            (e21 * m1 * per_near + e22 * m2 * per_bulk) * bulk_l for m1, m2 in zip(self._near, self._bulk, strict=True)
        ]
        if flows.dose is not NOTHING or fresh:
            for index, (dose, inlet) in enumerate(zip(flows.dose, flows.inlet, strict=True)):
                b1, b2 = dose / NEAR, fresh * inlet
                near[index] += (p11 * b1 + p12 * b2) * near_l
                bulk[index] += (p21 * b1 + p22 * b2) * bulk_l
        self._near, self._bulk, self.volume_l = Solute(*near), Solute(*bulk), end_l

    def _lost(self, before: Solute, near: Solute, spent_s: float, flows: Flows, over: float) -> Gone:
        """What left is what is missing; it is shared between overflow (from the bulk) and suction."""
        missing = before.plus(self._near.plus(self._bulk).times(-1))
        if flows.into:
            missing = missing.plus(flows.inlet.times(flows.into * spent_s))
        if flows.dose is not NOTHING:
            missing = missing.plus(flows.dose.times(spent_s))
        drawn_l, leaked_l, over_l = flows.out * spent_s, flows.leak * spent_s, over * spent_s
        if not drawn_l + leaked_l + over_l:
            self._bulk = self._bulk.plus(missing)  # the rounding of one step
            return _NOTHING_GONE
        ran_over = self._ran_over(missing, near, spent_s, flows, over) if over_l else NOTHING
        rest = missing.plus(ran_over.times(-1)) if over_l else missing
        share = drawn_l / (drawn_l + leaked_l) if drawn_l + leaked_l else 0.0
        self.overflow_l += over_l
        return Gone(
            drawn_l=drawn_l,
            drawn=rest.times(share) if leaked_l or over_l else rest,
            leaked_l=leaked_l,
            leaked=rest.times(1 - share) if leaked_l else NOTHING,
            over_l=over_l,
            over=ran_over,
        )

    def _ran_over(self, missing: Solute, near: Solute, spent_s: float, flows: Flows, over: float) -> Solute:
        """Overflow leaves the bulk. Its amount follows from the balance of the part near the suction.

        With I1, I2 the integrals of c1, c2 over the step (V' is 0 at the brim, so across = round + out):
        missing = out I1 + over I2, and the change near the suction is across (I2 - I1) + dose.
        """
        out = flows.out + flows.leak
        gained = self._near.plus(near.times(-1)).plus(flows.dose.times(-spent_s))
        ahead = gained.times(1 / (flows.round + STILL_L_S + out))
        return missing.plus(ahead.times(out)).times(over / (out + over))

    def _thin(self, spent_s: float, flows: Flows, end_l: float) -> None:
        """Water that brings or takes nothing: the litres of the doses, evaporation, and the rounding at the brim."""
        steam_l = min(flows.evaporation * spent_s, max(0.0, end_l - self.dead_l))
        self.evaporated_l += steam_l
        self.volume_l += flows.dose_l * spent_s - steam_l
        if self.volume_l > self.capacity_l:
            self.overflow_l += self.volume_l - self.capacity_l
            self.volume_l = self.capacity_l


def _mean_exp(z: float) -> float:
    """The mean of exp from 0 to z."""
    return expm1(z) / z if abs(z) > 1e-12 else 1.0
