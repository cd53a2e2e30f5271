"""What alarms and guards say is said in Russian too: every sentence that the engine can make has its shape there."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgectl.api.web.told import shapes
from edgectl.api.web.words import Words
from edgectl.daemon import telling
from edgectl.drivers.nodes import others, presence
from edgectl.sync import translate

ENGINE = Path(__file__).parents[2] / "edgectl" / "engine"
# Files whose functions return why something is forbidden, or what an alarm says.
GUARDS = ("guards", "brim", "currents", "latched", "dosing", "weather", "warmth")
RU = Words("ru", "Europe/Berlin")


def as_said(node: ast.expr) -> str | None:
    """The sentence with something in each of its fields; None when it is made elsewhere."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr():
            return "".join(part.value if isinstance(part, ast.Constant) else "rose" for part in node.values)
    return None


def returned(node: ast.expr | None) -> Iterator[ast.expr]:
    match node:
        case ast.IfExp():
            yield from (node.body, node.orelse)
        case ast.expr():
            yield node


def sentences() -> list[str]:
    found: set[str | None] = set()
    for path in ENGINE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "alert" and len(node.args) >= 3:
                found.add(as_said(node.args[2]))
            if isinstance(node, ast.Return) and path.stem in GUARDS:
                found |= {as_said(one) for one in returned(node.value)}
    return sorted(text for text in found if text is not None and " " in text)


def test_the_engine_says_nothing_that_has_no_russian() -> None:
    said = sentences()
    assert len(said) > 60, "the sentences were found"
    missing = [text for text in said if not re.search("[а-яё]", RU.told(text), re.I) and text != "rose: rose"]
    assert not missing, "write the shapes of these into edgectl/api/web/ru.json, under told"


def beside_the_engine() -> list[str]:
    """What those who are beside the engine have to say: who calls phones, the broker, the uplink, a clone on a bus."""
    found: set[str | None] = {*telling.WHY.values(), "the broker closed the connection"}
    found |= {sentence.format("centre:5432", "no") for _, sentence, _ in translate._REFUSED}
    for place in (
        "daemon/certificate.py",
        "daemon/telling.py",
        "drivers/links/mqtt.py",
        "drivers/news.py",
        "sync/parity.py",
        "sync/translate.py",
    ):
        for node in ast.walk(ast.parse((ENGINE.parent / place).read_text())):
            match node:
                case ast.Return(value=ast.Tuple(elts=[_, said])):
                    found.add(as_said(said))
                case ast.Call(func=ast.Name(id="LinkDown" | "CentreRefuses" | "RowRefused"), args=[said, *_]):
                    found.add(as_said(said))
                case ast.Assign(targets=[ast.Name(id="what")], value=said) | ast.Return(value=ast.JoinedStr() as said):
                    found.add(as_said(said))
    return sorted(text for text in found if text is not None and " " in text)


def test_nor_does_anybody_beside_it() -> None:
    said = beside_the_engine()
    assert len(said) > 15
    missing = [text for text in said if not re.search("[а-яё]", RU.told(text), re.I) and text != "rose; rose"]
    assert not missing, "write the shapes of these into edgectl/api/web/ru.json, under told"


def by_nodes() -> list[str]:
    """Why a node is not the one that is meant, is ill, or is not listened to."""
    found: set[str | None] = {presence.TWO, others._ADVICE}
    for path in (ENGINE.parent / "drivers" / "nodes").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Assign(targets=[ast.Name(id="why" | "wrong")], value=said):
                    parts = said.values if isinstance(said, ast.BoolOp) else [said]
                    found |= {as_said(one) for part in parts for one in returned(part)}
                case ast.Call(func=ast.Name(id="Present"), keywords=words):
                    found |= {as_said(one.value) for one in words if one.arg == "why"}
                case ast.FunctionDef(name="_misfit", body=body):
                    lines = [line for part in body for line in ast.walk(part) if isinstance(line, ast.Return)]
                    found |= {as_said(line.value) for line in lines if line.value is not None}
                case ast.Call(func=ast.Attribute(attr="ill" | "deaf"), args=[_, said, _]):
                    found.add(as_said(said))
    return sorted(text for text in found if text is not None and " " in text)


def test_nor_does_a_node_that_is_not_what_it_should_be() -> None:
    said = by_nodes()
    assert len(said) > 15
    missing = [text for text in said if not re.search("[а-яё]", RU.told(text), re.I) and text != "rose: rose"]
    assert not missing, "write the shapes of these into edgectl/api/web/ru.json, under told"


@pytest.mark.parametrize(
    ("english", "russian"),
    [
        (
            "tank_level shows 8 %: below 15 % nothing is pumped from there",
            "tank_level показывает 8 %: ниже 15 % оттуда не качают",
        ),
        (
            "level: unit 5 on field silent, 6 requests unanswered (no reply)",
            "level: устройство 5 на field молчит, 6 запросов без ответа (ответа нет)",
        ),
        (
            "level: unit 5 on field silent for 12 s, 6 requests unanswered (no reply)",
            "level: устройство 5 на field молчит 12 с, 6 запросов без ответа (ответа нет)",
        ),
        (
            "float_max of the solution tank rose while everything was off",
            "float_max в баке solution поднялся, когда всё было выключено",
        ),
        (
            "irrigation of beds (watering) was not carried out: Water should move there and none does.",
            "полив в beds (watering) не выполнено: Вода там должна идти, а не идёт.",
        ),
        ("beds has had no water for 12.5 h, its plants bear 24 h", "beds без воды 12,5 ч, растения терпят 24 ч"),
        ("Ana works in beds (new filter); release it with: edgectl unlock beds", "Ana работает в beds (new filter)"),
        (
            "pump would push against a closed valve: switch back or valve on first, for longer than the pump",
            "сначала включите back или valve, дольше",
        ),
        (
            "irrig: node nd-1 on nodes: silent for 150 s (not a word)",
            "irrig: узел nd-1 на nodes: молчит 150 с (ни слова)",
        ),
        (
            "plug: somebody else gives orders: plug-1/rpc b'{}'",
            "plug: командует кто-то ещё: plug-1/rpc b'{}'",
        ),
        ("tap: node told 01 05 ff 00", "tap: node told 01 05 ff 00"),
    ],
)
def test_numbers_names_and_what_is_inside_another_sentence_are_kept(english: str, russian: str) -> None:
    assert russian in RU.told(english)
    # Who has the page alone is told who can do it, not by which command.
    told = english.replace("release it with: edgectl unlock beds", "only they take the lock off, or an engineer")
    assert Words("en", "Europe/Berlin").told(english) == told


def test_each_shape_says_everything_that_the_sentence_did() -> None:
    for pattern, russian in shapes():
        kept = {int(number) for number in re.findall(r"{(\d)}", russian)}
        if "release it with" in pattern.pattern.replace("\\", ""):
            continue  # whose zone it is stands on the page already
        assert kept == set(range(pattern.groups)), russian


def test_what_nobody_has_foreseen_stays_as_it_is_and_ends_soon() -> None:
    odd = "a " * 400 + "(" * 50
    assert RU.told(odd) == odd


def test_a_name_is_never_translated_and_a_word_of_the_machine_is() -> None:
    silent = "unit 5 on climate silent, 6 requests unanswered (no reply)"
    assert RU.told(silent) == "устройство 5 на climate молчит, 6 запросов без ответа (ответа нет)"
    assert RU.told("mist ran and heat saw no water") == "mist работал, а heat воды не видел"
    assert RU.told("irrigation of climate cannot be done: no reply").startswith("полив в climate")
    assert "устарело" in RU.told("beds is watered as planned, because water cannot be seen (stale)")
    assert "water не видно" in RU.told("beds is watered as planned, because water cannot be seen (stale)")


@pytest.mark.parametrize(
    "english",
    [
        "pump would push against a closed valve: switch valve on first, for longer than the pump",
        "the controller restarted",
        "it was switched off before its end",
        "it went off before its end, by another hand",
        "1800 s is longer than max_on 180 s",
    ],
)
def test_what_the_page_shows_of_a_refusal_or_an_end_is_russian(english: str) -> None:
    told = RU.told(english)
    assert re.search("[а-яё]", told, re.I)
    assert "longer" not in told
    assert (RU.unit("%RH"), RU.unit("mm/h"), RU.fine(69.56)) == ("% отн. вл.", "мм/ч", "69,56")


def test_a_stop_is_released_on_the_page_that_tells_of_it() -> None:
    english = Words("en", "Europe/Berlin")
    assert english.told("everything is stopped; release it with: edgectl resume").endswith(
        "at the top of this page first"
    )
    assert "на этой странице" in RU.told("the water is stopped; release it with: edgectl resume")


def test_a_key_that_others_can_read_is_told_in_russian_to_its_end() -> None:
    told = RU.told(
        "the certificate of the door is of no use: the door has no certificate:"
        " others can read the credential /etc/door-key; chmod 600 /etc/door-key"
    )
    assert not re.search("[a-z]{3,} [a-z]{3,}", told), told
    assert told.endswith("chmod 600 /etc/door-key")
