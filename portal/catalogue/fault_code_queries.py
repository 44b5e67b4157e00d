"""Reads of fault codes: what is offered, how a code is written, what it stands for (O2)."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import ColumnElement, ScalarSelect, case, or_, select

from portal.catalogue.models import FaultCode
from portal.catalogue.queries import AT_ONCE, name_in, number_key
from portal.core.db import AnySelect, session
from portal.core.search import matches


def holds(text: str) -> ColumnElement[bool]:
    """The condition that a code begins with a text, or it or a name contains it."""
    # Codes are hundreds, not millions: no index of their own.
    found = matches(FaultCode, text, own=True)
    key = number_key(text)
    return or_(FaultCode.code_key.startswith(key, autoescape=True), found) if key else found


def listed(language: str) -> AnySelect:
    """The rows of the list of fault codes; not ordered yet."""
    return select(
        FaultCode.public_id,
        FaultCode.code,
        FaultCode.status,
        name_in(language, FaultCode).label("name"),
    )


class Offered(NamedTuple):
    """A fault code to choose, and in words what it stands for."""

    code: str
    text: str


def offered(
    language: str, most: int, but: Collection[str] = ()
) -> tuple[list[Offered], frozenset[str]]:
    """The active codes in their order, ``most`` at most; and which of some keys are known.

    Known is a withdrawn code as well: it is not offered, whoever used it before. One query.
    """
    is_active = FaultCode.status == "active"
    found = session.execute(
        select(
            FaultCode.code,
            FaultCode.code_key,
            FaultCode.status,
            name_in(language, FaultCode).label("name"),
        )
        .where(or_(is_active, FaultCode.code_key.in_(but)))
        .order_by(case((FaultCode.code_key.in_(but), 0), else_=1), FaultCode.code)
        .limit(most + len(but))
    ).all()
    active = sorted(Offered(row.code, row.name) for row in found if row.status == "active")
    known = frozenset(row.code_key for row in found if row.code_key in but)
    return active[:most], known


def as_written(code: str) -> str:
    """A code as the catalogue writes it, if it has it in any spelling; else as it was typed."""
    if not (key := number_key(code)):
        return code
    return session.scalar(select(FaultCode.code).where(FaultCode.code_key == key)) or code


def name_of(code: str, language: str) -> ScalarSelect[str]:
    """What a code in any spelling stands for, as a column; NULL if the catalogue has it not."""
    return (
        select(name_in(language, FaultCode))
        .where(FaultCode.code_key == number_key(code))
        .scalar_subquery()
    )


def names(language: str) -> dict[str, str]:
    """What every code stands for, active or not, by its key. One query."""
    name = name_in(language, FaultCode)
    return dict(session.execute(select(FaultCode.code_key, name)).all())


def by_key(keys: Collection[str]) -> dict[str, FaultCode]:
    """The fault codes of some keys by their keys."""
    wanted = sorted(keys)
    return {
        one.code_key: one
        for start in range(0, len(wanted), AT_ONCE)
        for one in session.scalars(
            select(FaultCode).where(FaultCode.code_key.in_(wanted[start : start + AT_ONCE]))
        )
    }
