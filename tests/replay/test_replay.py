"""A month of real warranty claims, played from the first order to the money back, to the cent."""

import os
from collections.abc import Iterable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from portal.claims.models import Claim, ClaimLine, Run
from portal.core import events
from portal.core.db import session
from portal.ledger.models import BANK, DEALER, PARTS_SALES, WARRANTY_EXPENSE, Account, Transfer
from portal.ledger.verify import verify
from portal.oldparts.models import OldPart
from tests.replay.play import Played, Repair, found, play
from tests.support.portal import DEPOSIT, Portal

REAL = Path(__file__).parents[3] / "shared" / "data" / "claims" / "warranty_claims_in_A.csv"
FILE = Path(os.environ.get("PORTAL_REPLAY_CSV") or REAL)
EVERY = 1 if "PARTLOOP_TEST_STEPS" in os.environ else 4
"""`make long` plays every row of the file, `make test` every fourth."""


def _sum(repairs: Iterable[Repair]) -> int:
    return sum(repair.amount for repair in repairs)


@pytest.mark.skipif(not FILE.exists(), reason=f"there is no file {FILE.name} to play")
def test_books_are_what_arithmetic_on_the_file_says(portal: Portal) -> None:
    """L1–L10, O1–O5, R1–R8: what is reimbursed is the file's sum of what was no fraud."""
    played = play(portal, FILE, EVERY)
    assert played.repairs
    with portal.transaction():
        assert list(verify()) == []
        assert list(events.verify()) == []
        _check_lines(played)
        _check_claims(played)
        _check_books(portal, played)
        _tell_findings(played)


def _tell_findings(played: Played) -> None:
    """What the rules found beside the file's flag: figures to report, not to tune by (R5)."""
    frauds = [repair for repair in played.repairs if repair.is_fraud]
    others = [repair for repair in played.repairs if not repair.is_fraud]
    for rule, serials in found().items():
        caught, accused = (
            [one for one in all_ if one.serial in serials] for all_ in (frauds, others)
        )
        assert len(caught) + len(accused) == len(serials)
        print(
            f"{rule}: caught {len(caught)} of {len(frauds)} frauds "
            f"({_sum(caught) / 100:,.0f} of {_sum(frauds) / 100:,.0f}), falsely accused "
            f"{len(accused)} of {len(others)} others"
        )


def _check_lines(played: Played) -> None:
    """Every row with an amount is one old part on one line, decided as the file says."""
    rows = session.execute(
        select(
            OldPart.product_serial,
            OldPart.status,
            OldPart.unit_price,
            ClaimLine.status,
            ClaimLine.approved,
            ClaimLine.reason_code.is_not(None),
        ).join(ClaimLine, ClaimLine.old_part_id == OldPart.id)
    ).all()
    assert sorted(map(tuple, rows)) == sorted(
        (
            repair.serial,
            "accepted",
            repair.amount,
            "rejected" if repair.is_fraud else "approved",
            0 if repair.is_fraud else repair.amount,
            repair.is_fraud,
        )
        for repair in played.repairs
    )


def _check_claims(played: Played) -> None:
    """Each dealer has one settled claim, and the run is closed with the sums of all."""
    honest = [repair for repair in played.repairs if not repair.is_fraud]
    for company in played.companies.values():
        claim = session.get_one(Claim, company.claim_id)
        own = [repair for repair in company.repairs if not repair.is_fraud]
        assert claim.status == "settled"
        assert (claim.claimed, claim.approved) == (_sum(company.repairs), _sum(own))
    run = session.get_one(Run, played.run_id)
    assert (run.status, run.claim_count) == ("closed", len(played.companies))
    assert (run.claimed, run.approved) == (_sum(played.repairs), _sum(honest))


def _check_books(portal: Portal, played: Played) -> None:
    """Deposit − parts + what was no fraud, for every dealer; headquarters' accounts likewise."""
    everything, honest = _sum(played.repairs), _sum(r for r in played.repairs if not r.is_fraud)
    balances = dict(
        session.execute(
            select(Account.dealer_id, Account.posted).where(Account.purpose == DEALER)
        ).all()
    )
    for company in played.companies.values():
        paid_in, own = _sum(company.repairs), [r for r in company.repairs if not r.is_fraud]
        assert balances.pop(company.id) == paid_in - _sum(company.repairs) + _sum(own)
    assert balances == dict.fromkeys(portal.dealers.values(), DEPOSIT), "and nobody else moved"
    reimbursed = select(func.sum(Transfer.amount)).where(Transfer.kind == "reimbursement")
    assert session.scalar(reimbursed) == honest
    assert _net(BANK) == -everything - DEPOSIT * len(portal.dealers)
    assert _net(PARTS_SALES) == everything
    assert _net(WARRANTY_EXPENSE) == -honest


def _net(purpose: str) -> int:
    """What came to one of headquarters' accounts, less what went from it."""
    account = select(Account.id).where(Account.purpose == purpose, Account.dealer_id.is_(None))
    key = session.scalars(account).one()
    came, went = (
        session.scalar(select(func.coalesce(func.sum(Transfer.amount), 0)).where(side == key))
        for side in (Transfer.to_account_id, Transfer.from_account_id)
    )
    return int(came) - int(went)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_rows_without_an_amount_are_skipped_and_counted(portal: Portal, tmp_path: Path) -> None:
    """A file of the same columns: decimals, blanks, a product without an issue, another product."""
    file = tmp_path / "claims.csv"
    file.write_text(
        ",State,City,Consumer_profile,Product_type,AC_1001_Issue,TV_2001_Issue,Claim_Value,"
        "Service_Centre,Product_Age,Fraud\n"
        "0,Bihar,Patna,Personal,TV,1,2,1500.55,10,60,0\n"
        "1,Bihar,Patna,Personal,TV,1,0,1500.55,10,60,1\n"
        "2,Bihar,Patna,Personal,AC,1,0,,10,60,0\n"
        "3,Bihar,Patna,Personal,AC,1,0,0,10,60,0\n"
        "4,Kerala,Kochi,Business,AC,1,0,NA,10,60,1\n",
        encoding="utf-8",
    )
    played = play(portal, file)
    assert [repair.part for repair in played.repairs] == ["TV-2001-1500.55", "TV-0000-1500.55"]
    assert played.skipped == 3
    with portal.transaction():
        _check_lines(played)
        _check_books(portal, played)
        assert _net(WARRANTY_EXPENSE) == -150055
