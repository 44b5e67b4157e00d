"""Compensation for customers: one is approved, paid and claimed, another one waits (S4, R1)."""

from datetime import timedelta

from portal.advances import services
from portal.advances.commands import Request
from portal.demo.cast import COMPANIES
from portal.demo.faults import FAULTS
from portal.demo.stage import Script, Stage
from portal.files.services import keep

SIGNED = "compensation/receipt"
"""The customer's receipt for what the dealer paid."""
ASKED, GRANTED = 48000, 36000
"""What is asked for and what is approved, in minor units."""
_WAITING, _PAID = "compensation/floor", "compensation/ceiling"


def order_papers(stage: Stage) -> None:
    """Have the photos made that show the damage, and the receipt."""
    for name, fault in zip((_WAITING, _PAID), FAULTS, strict=False):
        stage.album.order(name, fault)
    words = ("Receipt", "Compensation for a damaged ceiling", "Received: Li Xiuying")
    amount = f"{stage.currency} {GRANTED / 10**stage.digits}"
    stage.album.order_receipt(SIGNED, words, amount)


def compensated(stage: Stage, *, paid: bool) -> Script:
    """A clerk asks for a compensation; if it is ``paid``, the desk approves a part of it first."""
    company = next(one for one in COMPANIES if one.is_polish is not paid)
    rng, clerk = stage.rng(f"compensation/{company.key}"), f"{company.key}.clerk"
    days = 8 if paid else 4
    now = stage.hours[clerk].later(stage.end - timedelta(days=days), 0, rng)
    yield now
    evidence = keep(stage.album.take(_PAID if paid else _WAITING), by=stage.actors[clerk], now=now)
    asked = (
        Request("李秀英", "更换的阀门漏水，楼下天花板受损，客户要求赔偿。", ASKED, "W310", "")
        if paid
        else Request("Maria Kowalska", "Zawór przeciekł po naprawie i zalał podłogę.", ASKED)
    )
    made = services.request(asked, [evidence.public_id], by=stage.actors[clerk], now=now)
    if paid:
        now = stage.hours["desk"].later(now, 1, rng)
        yield now
        services.approve(
            made,
            GRANTED,
            seen=None,
            reason="按维修单金额核定，误工费不予赔偿。",
            by=stage.actors["desk"],
            now=now,
        )
