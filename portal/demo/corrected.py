"""An adjustment: booked by a second one of finance (L8)."""

from portal.corrections import services
from portal.corrections.commands import Proposal
from portal.corrections.models import ADJUSTMENT
from portal.demo.stage import Script, Stage
from portal.files.services import keep

EVIDENCE = ("Notice of charges", "Fee taken twice", "Transfer of the dealer's deposit")
"""What is photographed: a letter of the bank."""
FEE = 4500
"""What it is about, in minor units."""


def order_photo(stage: Stage) -> None:
    """Have the photo of the evidence made."""
    amount = f"{stage.currency} {FEE / 10**stage.digits}"
    stage.album.order_receipt("bank fee", EVIDENCE, amount)


def bank_fee(stage: Stage) -> Script:
    """A fee that the bank took twice is given back; a colleague books it."""
    rng = stage.rng("bank fee")
    at = stage.hours["finance"].before(stage.end, 9, rng)
    yield at
    finance = stage.actors["finance"]
    evidence = keep(stage.album.take("bank fee"), by=finance, now=at).public_id
    dealer, reason = stage.dealers["qiantang"].id, "银行重复扣收手续费，予以退还。"
    made = services.propose(
        Proposal(dealer, ADJUSTMENT, FEE, reason, [evidence]), by=finance, now=at
    )
    at = stage.hours["finance2"].later(at, 1, rng)
    yield at
    services.act(made, "book", seen=None, by=stage.actors["finance2"], now=at)
