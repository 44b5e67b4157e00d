"""Reads about dealers and people, scoped to the actor."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select

from portal.core import jobs
from portal.core.db import AnyRow, AnySelect, session
from portal.core.documents import find
from portal.core.permissions import Actor
from portal.core.search import contains, matches
from portal.people import policy
from portal.people.models import Dealer, LoginSession, User


def dealers_scope(actor: Actor, text: str) -> list[ColumnElement[bool]]:
    """The conditions of the list of dealers, whatever the tab."""
    return _wanted(policy.visible_dealers(actor), Dealer, text)


def dealers(actor: Actor, text: str, tab: ColumnElement[bool] | None) -> AnySelect:
    """The list of dealers, with how many people each has."""
    people = (
        select(func.count())
        .where(User.dealer_id == Dealer.id, User.status == "active")
        .correlate(Dealer)
        .scalar_subquery()
    )
    listed = select(
        Dealer.id,
        Dealer.public_id,
        Dealer.code,
        Dealer.name,
        Dealer.city,
        Dealer.country,
        Dealer.contact,
        Dealer.status,
        people.label("people"),
    ).where(*dealers_scope(actor, text))
    return listed if tab is None else listed.where(tab)


def called(text: str) -> Select[int]:
    """The keys of the dealers whose name or code contains a text: a condition of other lists."""
    return select(Dealer.id).where(or_(contains(Dealer.name, text), contains(Dealer.code, text)))


def matches_or_called(model: Any, dealer_id: Any, text: str, actor: Actor) -> ColumnElement[bool]:
    """The condition that a row matches a text, or that its dealer is called so by now.

    The text that is searched in has the name that the dealer had. A dealer has only its own rows:
    its name is not asked for.
    """
    found = matches(model, text, own=actor.is_dealer)
    if actor.is_dealer or session.scalar(called(text).limit(1)) is None:
        return found
    return or_(found, dealer_id.in_(called(text)))


def _wanted(
    visible: ColumnElement[bool], model: type[Dealer | User], text: str
) -> list[ColumnElement[bool]]:
    return [visible, matches(model, text)] if text else [visible]


def users_scope(actor: Actor, text: str) -> list[ColumnElement[bool]]:
    """The conditions of the list of people, whatever the tab."""
    return _wanted(policy.visible_users(actor), User, text)


def users(actor: Actor, text: str, tab: ColumnElement[bool] | None) -> AnySelect:
    """The list of people with their companies."""
    conditions = users_scope(actor, text)
    return _people().where(*conditions) if tab is None else _people().where(*conditions, tab)


def _people() -> AnySelect:
    return select(
        User.id,
        User.public_id,
        User.name,
        User.email,
        User.roles,
        User.status,
        User.created_at,
        Dealer.name.label("dealer"),
    ).outerjoin(Dealer, Dealer.id == User.dealer_id)


def people_of(dealer: Dealer, actor: Actor) -> Sequence[AnyRow]:
    """The people of a dealer, as far as the actor may see them."""
    return session.execute(
        _people()
        .where(User.dealer_id == dealer.id, policy.visible_users(actor))
        .order_by(User.status, User.name)
        .limit(200)
    ).all()


def dealer_of(user: User) -> Dealer | None:
    """The company of a person; None for headquarters."""
    return session.get(Dealer, user.dealer_id) if user.dealer_id else None


def company(actor: Actor) -> Dealer | None:
    """The actor's own company; None for headquarters."""
    return session.get(Dealer, actor.dealer_id) if actor.dealer_id else None


def employer(name: str, actor: Actor) -> Dealer | None:
    """For whom the actor adds a person: the own company, a dealer by its name in URLs, or HQ."""
    if actor.is_dealer:
        return company(actor)
    return find(Dealer, name, actor) if name else None


def own(actor: Actor) -> User:
    """The actor as a person."""
    return session.get_one(User, actor.id)


def by_address(address: str) -> User | None:
    """Who signs in with an address, else who was last invited there; nobody who left (P5)."""
    return session.scalar(
        select(User)
        .where(User.email == address, User.status.in_(("active", "invited")))
        .order_by(User.status, User.id.desc())
        .limit(1)
    )


def open_sessions(user_id: int, now: datetime) -> Sequence[LoginSession]:
    """A person's sessions that have not ended, the newest first."""
    return session.scalars(
        select(LoginSession)
        .where(
            LoginSession.user_id == user_id,
            LoginSession.ended_at.is_(None),
            LoginSession.expires_at > now,
        )
        .order_by(LoginSession.created_at.desc(), LoginSession.id.desc())
    ).all()


def last_sign_in(user: User) -> datetime | None:
    """When a person signed in last."""
    return session.scalar(
        select(func.max(LoginSession.created_at)).where(LoginSession.user_id == user.id)
    )


def first(statement: AnySelect, order: Any) -> Sequence[AnyRow]:
    """The ten newest of a list, for the search at the top."""
    return session.execute(statement.order_by(order.desc()).limit(10)).all()


def acting(user_id: int) -> Actor:
    """In whose name a job acts, as what they may do now; Hopeless for who has left (P5)."""
    user = session.get_one(User, user_id)
    if user.status != "active":
        raise jobs.Hopeless(f"{user.name} has left")
    dealer = dealer_of(user)
    return replace(user.actor, is_frozen=dealer is not None and dealer.status == "frozen")
