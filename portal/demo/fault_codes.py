"""The fault codes that dealers choose from: what may be wrong with the maker's products."""

from datetime import timedelta

from sqlalchemy import select

from portal.catalogue import fault_code_services
from portal.catalogue.models import FaultCode
from portal.catalogue.subjects import FAULT_CODES
from portal.core.db import session
from portal.demo.products import import_sheet
from portal.demo.stage import Script, Stage
from portal.sheets.writing import write_xlsx

HEADINGS = ("故障代码", "中文名称", "英文名称", "波兰文名称")
CODES = (
    ("W-11", "一直上水，关不住", "Cistern keeps filling", "Zbiornik stale się napełnia"),
    ("W-12", "上水慢", "Cistern fills slowly", "Zbiornik napełnia się zbyt wolno"),
    ("W-21", "排水阀漏水", "Water runs into the bowl", "Woda stale cieknie do miski"),
    ("W-31", "密封处渗水", "Leaks at the seal", "Przeciek na uszczelce"),
    ("W-41", "盖板缓降失效", "Seat slams shut", "Deska nie opada wolno"),
    ("S-11", "喷嘴不伸出", "Nozzle does not extend", "Dysza się nie wysuwa"),
    ("S-21", "关闭后滴水", "Drips when switched off", "Kapie po wyłączeniu"),
    ("S-22", "按键有反应，不出水", "Keys respond, no water", "Przyciski reagują, brak wody"),
    ("S-31", "通电无反应", "Does not switch on", "Urządzenie się nie włącza"),
    ("B-11", "水泵响，但不出水", "Pump hums, no flow", "Pompa buczy, brak przepływu"),
    ("F-11", "关紧后滴水", "Drips when closed", "Kapie po zamknięciu"),
    ("F-12", "手柄太紧", "Cartridge stiff", "Głowica chodzi ciężko"),
    ("F-21", "软管漏水", "Hose leaks", "Przeciek na wężyku"),
    ("T-11", "水温忽冷忽热", "Temperature unstable", "Niestabilna temperatura wody"),
    ("T-21", "花洒接缝漏水", "Hand shower leaks", "Słuchawka prysznicowa przecieka"),
    ("E-11", "移门推不动或脱轨", "Door stiff or off its rail", "Drzwi chodzą ciężko lub wypadają"),
    ("X-99", "其他故障", "Other fault", "Inna usterka"),
)  # fmt: skip
"""Each with its name in Chinese, English and Polish."""
VAGUE = "X-99"


def fault_codes(stage: Stage) -> Script:
    """On the first afternoon the administrator imports them: nothing is registered yet."""
    now = stage.start + timedelta(hours=3)
    yield now
    import_sheet(stage, FAULT_CODES, "故障代码.xlsx", write_xlsx(HEADINGS, CODES, "故障代码"), now)


def one_is_withdrawn(stage: Stage) -> Script:
    """The code that said nothing is withdrawn."""
    now = stage.hours["administrator"].before(stage.end, 9, stage.rng("vague code"))
    yield now
    fault_code_services.step(
        session.scalars(select(FaultCode).where(FaultCode.code == VAGUE)).one(),
        "withdraw",
        seen=None,
        reason="It says nothing: please choose what comes closest, or write what it is.",
        by=stage.actors["administrator"],
        now=now,
    )
