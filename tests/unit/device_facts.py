"""Devices as their makers describe them, in words on the wire, and what a person must read from them.

Written from the makers' register lists and from public code that runs against the devices, not from the profiles: each
profile must find every one of its channels here. Words are hexadecimal, one register each, from an address on. No two
readings of a device are equal, so that two registers that were swapped are seen. All of them stand at address 9.
"""

from dataclasses import dataclass, field

from edgectl.drivers.sim.registers import RegisterMap


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the device holds, and what each channel must read."""

    reads: dict[str, float] = field(default_factory=dict)
    holding: dict[int, str] = field(default_factory=dict)
    inputs: dict[int, str] = field(default_factory=dict)
    discretes: str = ""  # bits from address 0 on, "1" is on
    coils: int = 0  # how many there are

    def device(self) -> RegisterMap:
        """It, as something that answers."""
        return RegisterMap(
            holding=_spread(self.holding),
            inputs=_spread(self.inputs),
            discretes={i: bit == "1" for i, bit in enumerate(self.discretes)},
            coils=dict.fromkeys(range(self.coils), False),
        )


def _spread(runs: dict[int, str]) -> dict[int, int]:
    return {first + i: int(word, 16) for first, run in runs.items() for i, word in enumerate(run.split())}


def _bits(bits: str) -> dict[str, float]:
    return {f"di_{i + 1}": float(bit) for i, bit in enumerate(bits)}


FACTS = {
    "apogee-sq-422": Facts(
        holding={0: "444b 2000 c050 0000 4420 0000 442f 3000"},
        reads={"ppfd": 812.5, "detector": -3.25, "ppfd_immersed": 640.0, "ppfd_solar": 700.75},
    ),
    "danfoss-fc51": Facts(
        holding={16129: "01f4", 16139: "00d2"}, reads={"output_frequency": 50.0, "output_current": 2.1}
    ),
    "eastron-sdm230": Facts(
        inputs={
            0x00: "4367 8000",
            0x06: "4088 0000",
            0x0C: "4419 0000",
            0x12: "4461 2000",
            0x18: "c2f0 8000",
            0x1E: "3f60 0000",
            0x46: "4247 eb85 449a 5000 4020 0000",
            0x156: "44a2 9800",
        },
        reads={
            "voltage": 231.5,
            "current": 4.25,
            "active_power": 612.0,
            "apparent_power": 900.5,
            "reactive_power": -120.25,
            "power_factor": 0.875,
            "frequency": 49.98,
            "import_energy": 1234.5,
            "export_energy": 2.5,
            "total_energy": 1300.75,
        },
    ),
    "eletechsup-r413d08-timed": Facts(holding={1: "0000 0000 0000 0000 0000 0000 0000 0000"}),
    "eletechsup-r413d08": Facts(holding={1: "0000 0000 0000 0000 0000 0000 0000 0000"}),
    "eletechsup-ryn408f": Facts(holding={0: "0000 0000 0000 0000 0000 0000 0000 0000", 0xFD: "0009 0000"}),
    "grundfos-cim": Facts(
        inputs={
            204: "0039 0002",
            300: "04d2 007b",
            303: "0b54",
            311: "0001 1170",
            316: "2af8",
        },
        reads={
            "alarm_code": 57,
            "warning_code": 2,
            "head": 1.234,
            "flow": 12.3,
            "speed": 2900,
            "power": 70000,
            "feed_tank_level": 10.0,
        },
    ),
    "jxct-soil-7in1": Facts(
        # Nothing between the listed registers: a read across them is refused, as many units do.
        holding={0x06: "028a", 0x12: "00fb ff9c", 0x15: "0578", 0x1E: "0011 0012 0013", 0x100: "0009"},
        reads={
            "ph": 6.5,
            "moisture": 25.1,
            "temperature": -10.0,
            "ec": 1400,
            "nitrogen": 17,
            "phosphorus": 18,
            "potassium": 19,
        },
    ),
    "md02": Facts(inputs={1: "fc18 162e"}, reads={"temperature": -10.0, "humidity": 56.78}),
    "pr3000-wind": Facts(holding={0: "0056", 0x7D0: "0009 0001"}, reads={"wind_speed": 8.6}),
    "pzem-016": Facts(
        # The low word of a long number comes first.
        inputs={0: "08fe 86a0 0001 1388 0000 4240 000f 01f4 0062"},
        reads={
            "voltage": 230.2,
            "current": 100.0,
            "power": 500.0,
            "energy": 1000000,
            "frequency": 50.0,
            "power_factor": 0.98,
        },
    ),
    "pzem-017": Facts(
        inputs={0: "0960 00fa 1770 0000 86a0 0001"},
        reads={"voltage": 24.0, "current": 2.5, "power": 600.0, "energy": 100.0},
    ),
    "qdy30a-level": Facts(holding={0: "0005 0003 0001 0001 0607 0000 1388"}, reads={"level": 154.3}),
    "renke-soil-7in1": Facts(
        holding={0: "0194 ffb5 041a 0041 0020 0021 0022", 0x7D0: "0009 0001"},
        reads={
            "moisture": 40.4,
            "temperature": -7.5,
            "ec": 1050,
            "ph": 6.5,
            "nitrogen": 32,
            "phosphorus": 33,
            "potassium": 34,
        },
    ),
    "rs-fsxcs-weather": Facts(
        holding={
            0x1F4: "0055 0005 0002 005a 0258 ff9c 01c2 0007 0008 03f6 0001 86a0",
            0x201: "000f 0320",
        },
        reads={
            "wind_speed": 8.5,
            "wind_direction": 90,
            "humidity": 60.0,
            "temperature": -10.0,
            "pressure": 101.4,
            "illuminance": 100000,
            "rainfall": 1.5,
            "radiation": 800,
        },
    ),
    "schneider-atv312": Facts(
        holding={3202: "ff9c", 3204: "0037"}, reads={"output_frequency": -10.0, "motor_current": 5.5}
    ),
    "seeed-s-co2-03": Facts(holding={0: "01a4"}, reads={"co2": 420}),
    "seeed-s-ec-01": Facts(
        holding={0: "0898", 2: "0585 02c6 02c3", 0x25: "03e8"},  # register 1 is not used
        reads={"temperature": 22.0, "ec": 1413},
    ),
    "seeed-s-ph-01": Facts(
        holding={0: "0898 0245", 0x20: "0000", 0x200: "0009 0003"}, reads={"temperature": 22.0, "ph": 5.81}
    ),
    "senseair-s8": Facts(inputs={0: "0000 0000 0000 01a7"}, reads={"status": 0, "co2": 423}),
    "sht3x-rs485": Facts(holding={0: "0237 ff9c", 0x100: "0009 0002"}, reads={"humidity": 56.7, "temperature": -10.0}),
    "sokol-m-weather": Facts(
        holding={3: "fc18 0000 0037 0172 010e 0019 0000 0000 0000 0000 02bc"},
        reads={
            "temperature": -10.0,
            "humidity": 55,
            "wind_speed": 3.7,
            "wind_direction": 270,
            "rain": 2.5,
            "radiation": 700,
        },
    ),
    "supmea-ph8001": Facts(
        holding={0: "00e1 0243 fe0c ffe7 03ca"},
        reads={"temperature": 22.5, "ph": 5.79, "electrode": -50.0, "zero": -2.5, "slope": 97.0},
    ),
    "tuf-2000m": Facts(
        # 80 6B 42 12 on the wire is 36.625: the low word comes first.
        holding={
            0: "806b 4212",
            4: "0000 3fe0",
            8: "86a0 0001",
            12: "ffce ffff",
            24: "866e 0001",
            32: "0000 41ac",
            91: "004e",
        },
        reads={
            "flow": 36.62540817260742,
            "velocity": 1.75,
            "positive_total": 100000,
            "negative_total": -50,
            "net_total": 99950,
            "temperature_inlet": 21.5,
            "signal_quality": 78,
        },
    ),
    "vacon-10": Facts(
        inputs={2103: "1388", 2105: "00d2", 2110: "0009"},
        reads={"output_frequency": 50.0, "motor_current": 2.1, "active_fault": 9},
    ),
    "waveshare-analog-in-8ch": Facts(
        inputs={0: "0fa0 1388 1770 1b58 1f40 2328 2710 4e20"},
        holding={0x1000: "0002 0003 0002 0003 0002 0003 0002 0003", 0x8000: "00c8"},
        reads={
            "current_1": 4.0,
            "current_2": 5.0,
            "current_3": 6.0,
            "current_4": 7.0,
            "current_5": 8.0,
            "current_6": 9.0,
            "current_7": 10.0,
            "current_8": 20.0,
        },
    ),
    "waveshare-io-8ch": Facts(holding={0x4000: "0009"}, discretes="10110001", coils=8, reads=_bits("10110001")),
    "waveshare-relay-30ch-eth": Facts(holding={0x8000: "00c8"}, coils=30),
    "waveshare-relay-32ch": Facts(holding={0x8000: "00c8"}, coils=32),
    "waveshare-relay-8ch": Facts(
        holding={0x1000: "0000 " * 8, 0x8000: "00c8"}, discretes="01001101", coils=8, reads=_bits("01001101")
    ),
    "waveshare-relay-8ch-v2": Facts(holding={0x8000: "00c8"}, coils=8),
    "wb-mr6c": Facts(
        coils=6,
        holding={
            6: "0000",
            8: "000a",
            930: "0000 0000 0000 0000 0000 0000",
            938: "0001 0001 0001 0001 0001 0001",
        },
    ),
    "wb-mcm8": Facts(
        inputs={
            40: "0000 0001 0000 0002 0000 0003 0000 0004 0000 0005 0000 0006 0000 0007 0001 0000",
            60: "0001 0001 0001 0002 0001 0003 0001 0004 0001 0005 0001 0006 0001 0007 0001 0008",
        },
        reads={
            **{f"frequency_{i}": float(i) for i in range(1, 8)},
            "frequency_8": 65536,
            **{f"counter_{i}": 65536.0 + i for i in range(1, 9)},
        },
    ),
    "wellpro-wp9038": Facts(
        holding={0: "0333 0667 0999 0ccc 0f00 0fff"},
        discretes="0110",
        coils=4,
        reads={
            "current_1": 3.999996,
            "current_2": 8.004876,
            "current_3": 11.999988,
            "current_4": 15.999984,
            "current_5": 18.75456,
            "current_6": 19.99998,
            **_bits("0110"),
        },
    ),
    "xy-md02": Facts(inputs={1: "ff9c 0237"}, reads={"temperature": -10.0, "humidity": 56.7}),
}
