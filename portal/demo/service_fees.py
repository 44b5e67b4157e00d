"""What dealers charge for service: approved in the first days, dearer towards the end (F1)."""

from datetime import date, datetime, timedelta

from sqlalchemy import select

from portal.catalogue.names import Names
from portal.core.db import session
from portal.demo.cast import Company
from portal.demo.stage import Script, Stage
from portal.fees import items, services
from portal.fees.commands import Fee, Fees
from portal.fees.models import FeeSchedule, ServiceItem

ITEMS = (
    ("V-10", "visit", 6000, "Visit in town", "市区上门", "Wizyta w mieście"),
    ("V-20", "km", 200, "Drive out of town", "市区外里程", "Dojazd poza miasto"),
    ("W-10", "hour", 9000, "Work by a fitter", "安装工工时", "Praca montera"),
    ("W-20", "job", 8000, "Replace a fill or flush valve", "更换进排水阀", "Wymiana zaworu"),
    ("W-30", "job", 12000, "Replace a thermostatic cartridge", "更换恒温阀芯", "Wymiana głowicy"),
    ("W-40", "job", 15000, "Adjust a shower door", "调整淋浴门", "Regulacja drzwi prysznica"),
    ("I-10", "job", 20000, "Install a toilet", "安装坐便器", "Montaż miski ustępowej"),
    ("I-20", "job", 26000, "Install an electronic seat", "安装智能马桶盖", "Montaż deski myjącej"),
)  # fmt: skip
"""Each with its unit, what it costs at most dealers, and its names."""
OWN = {
    "hujing": ("地暖房间打孔探测", "job", 5000, "地暖管线需先探测"),
    "hydromaz": ("Wjazd do strefy parkowania", "visit", 1500, "Centrum Warszawy"),
}
"""Services that headquarters has no name for."""
GROUNDS = (
    "本地人工和车辆成本，参照当地同行的收费。",
    "Koszty pracy i dojazdu w regionie, stawki jak u innych serwisów.",
)
DEARER = {
    "hujing": ("approved", "油价上涨，市区停车费提高。"),
    "yuelan": ("submitted", "自七月起最低工资上调百分之十二。"),
    "hydromaz": ("submitted", "Od stycznia rośnie płaca minimalna."),
    "pengcheng": ("return", "油费上涨。"),
    "lazienki": ("reject", "Podwyżka, bo wszyscy podnoszą."),
}
"""Who asks for more, what becomes of it, and why they ask."""
ANSWERS = {
    "return": "Please say for each rate by how much your cost rose: the median here is lower.",
    "reject": "Higher rates need grounds of their own. The present ones go on.",
}


def service_items(stage: Stage) -> Script:
    """On the first morning the administrator names the services."""
    now = stage.start + timedelta(hours=2)
    yield now
    for code, unit, _cost, *names in ITEMS:
        items.create(code, Names(*names), unit, by=stage.actors["administrator"], now=now)


def rates(stage: Stage, company: Company) -> Script:
    """A dealer's manager submits its rates in the first days, and the desk approves them."""
    rng, hours = stage.rng(f"rates/{company.key}"), stage.hours[f"{company.key}.manager"]
    at = hours.later(stage.start + timedelta(hours=3), rng.randint(1, 3), rng)
    yield at
    schedule = _submit(stage, company, at, at.date(), 0)
    at = stage.hours["desk"].later(at, 1, rng)
    yield at
    services.step(schedule, "approve", seen=None, by=stage.actors["desk"], now=at)
    if company.key in DEARER:
        yield from _dearer(stage, company)


def _dearer(stage: Stage, company: Company) -> Script:
    """Towards the end some want more."""
    what, why = DEARER[company.key]
    rng, hours = stage.rng(f"dearer/{company.key}"), stage.hours[f"{company.key}.manager"]
    at = hours.before(stage.end, 6, rng)
    yield at
    since = date(stage.end.year + 1, 1, 1) if what == "submitted" else at.date()
    schedule = _submit(stage, company, at, since, rng.randint(8, 20), why)
    if what != "submitted":
        at = stage.hours["desk2"].before(stage.end, 4, rng)
        yield at
        step, reason = ("approve", "") if what == "approved" else (what, ANSWERS[what])
        services.step(schedule, step, seen=None, reason=reason, by=stage.actors["desk2"], now=at)


def _submit(
    stage: Stage, company: Company, now: datetime, since: date, dearer: int, why: str = ""
) -> FeeSchedule:
    """The manager's rates, so many percent dearer than before."""
    rng, manager = stage.rng(f"cost/{company.key}"), stage.actors[f"{company.key}.manager"]
    known = {item.code: item for item in session.scalars(select(ServiceItem))}
    lines = [
        Fee(row, known[code].id, "", unit, _cost(cost, rng.randint(-3, 4), dearer), "")
        for row, (code, unit, cost, *_names) in enumerate(ITEMS)
        if rng.random() < 0.9
    ]
    if company.key in OWN:
        name, unit, cost, grounds = OWN[company.key]
        lines.append(Fee(len(ITEMS), None, name, unit, cost, grounds))
    schedule = services.start(by=manager, now=now)
    fees = Fees(since, why or GROUNDS[company.is_polish], tuple(lines))
    services.submit(schedule, fees, seen=None, by=manager, now=now)
    return schedule


def _cost(cost: int, nearby: int, dearer: int) -> int:
    """What is usual, some twentieths more or less, so many percent dearer; in whole units."""
    return cost * (20 + nearby) * (100 + dearer) // 2000 // 100 * 100
