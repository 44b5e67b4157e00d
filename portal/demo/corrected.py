"""Adjustments: each asked for by one of finance and booked by a second one (L8)."""

from portal.corrections import services
from portal.corrections.commands import Proposal
from portal.corrections.models import ADJUSTMENT
from portal.demo.stage import Script, Stage
from portal.files.services import keep

EVIDENCE = {
    "bank fee": ("Notice of charges", "Fee taken twice", "Transfer of the dealer's deposit"),
    "paid twice": ("Potwierdzenie przelewu", "Zwrot wypłacony dwa razy", "Baltsan Serwis s.c."),
}
"""What is photographed: letters of the bank."""
FEE, TWICE = 4500, 90_000
"""What they are about, in minor units."""


def order_photos(stage: Stage) -> None:
    """Have the photos of the evidence made."""
    for name, amount in (("bank fee", FEE), ("paid twice", TWICE)):
        shown = f"{stage.currency} {amount / 10**stage.digits}"
        stage.album.order_receipt(name, EVIDENCE[name], shown)


def bank_fee(stage: Stage) -> Script:
    """A fee that the bank took twice is given back; a colleague books it."""
    return _adjusted(stage, "bank fee", "qiantang", FEE, "银行重复扣收手续费，予以退还。", 9)


def paid_twice(stage: Stage) -> Script:
    """What a dealer got twice is taken back: its account is below zero at the end."""
    reason = "Zwrot za przesyłkę wypłacono dwa razy."
    return _adjusted(stage, "paid twice", "baltsan", -TWICE, reason, 2)


def _adjusted(stage: Stage, name: str, dealer: str, amount: int, reason: str, days: int) -> Script:
    """An adjustment that is asked for so many days before the end, and booked by a colleague."""
    rng = stage.rng(name)
    at = stage.hours["finance"].before(stage.end, days, rng)
    yield at
    finance = stage.actors["finance"]
    evidence = keep(stage.album.take(name), by=finance, now=at).public_id
    asked = Proposal(stage.dealers[dealer].id, ADJUSTMENT, amount, reason, [evidence])
    made = services.propose(asked, by=finance, now=at)
    at = stage.hours["finance2"].later(at, 1, rng)
    yield at
    services.act(made, "book", seen=None, by=stage.actors["finance2"], now=at)
