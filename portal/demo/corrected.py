"""Adjustments and penalties: booked by a second one of finance, answered by a dealer (L8, F3)."""

from datetime import datetime

from portal.corrections import services
from portal.corrections.commands import Proposal
from portal.corrections.models import Correction
from portal.demo.stage import Script, Stage
from portal.files.services import keep

EVIDENCE = {
    "qiantang": ("Notice of charges", "Fee taken twice", "Transfer of the dealer's deposit"),
    "armslask": ("Faktura", "Dwie godziny pracy", "Wymiana zaworu napełniającego"),
    "jinguan": ("Invoice", "Visit, two hours' work", "Replacement of a fill valve"),
}
"""What is photographed, by the dealer that it is about: a letter of the bank, and invoices."""
FEE, ABOVE = 4500, 26000
"""What they are about, in minor units."""


def order_photos(stage: Stage) -> None:
    """Have the photos of the evidence made."""
    for dealer, lines in EVIDENCE.items():
        amount = (FEE if dealer == "qiantang" else ABOVE) / 10**stage.digits
        stage.album.order_receipt(f"correction/{dealer}", lines, f"{stage.currency} {amount}")


def _ask(
    stage: Stage, dealer: str, sort: str, amount: int, reason: str, now: datetime
) -> Correction:
    finance = stage.actors["finance"]
    photo = stage.album.take(f"correction/{dealer}")
    evidence = keep(photo, by=finance, now=now).public_id
    asked = Proposal(stage.dealers[dealer].id, sort, amount, reason, [evidence])
    return services.propose(asked, by=finance, now=now)


def bank_fee(stage: Stage) -> Script:
    """A fee that the bank took twice is given back; a colleague books it."""
    rng = stage.rng("bank fee")
    at = stage.hours["finance"].before(stage.end, 9, rng)
    yield at
    made = _ask(stage, "qiantang", "adjustment", FEE, "银行重复扣收手续费，予以退还。", at)
    at = stage.hours["finance2"].later(at, 1, rng)
    yield at
    services.act(made, "book", seen=None, by=stage.actors["finance2"], now=at)


def penalties(stage: Stage) -> Script:
    """Two dealers took more than their rates: one has answered, the other one still may."""
    rng = stage.rng("penalties")
    at = stage.hours["finance"].before(stage.end, 6, rng)
    yield at
    reason = "Klient zapłacił więcej, niż pozwala zatwierdzony cennik."
    answered = _ask(stage, "armslask", "penalty", ABOVE, reason, at)
    at = stage.hours["armslask.manager"].later(at, 1, rng)
    yield at
    services.answer(
        answered,
        "Na fakturze jest też dojazd 40 km poza miasto, zgodnie z cennikiem.",
        [],
        seen=None,
        by=stage.actors["armslask.manager"],
        now=at,
    )
    at = stage.hours["finance"].before(stage.end, 2, rng)
    yield at
    _ask(stage, "jinguan", "penalty", ABOVE, "向客户收费高于已批准的收费标准。", at)
