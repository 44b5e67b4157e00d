"""Dealers, users, their sign-in sessions, and the failed attempts that slow a guesser down."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from portal.core.db import Base, Key, Line, public_id
from portal.core.documents import Document
from portal.core.permissions import Actor, Role, Side, parse_roles
from portal.people import workflow


class RoleSet(TypeDecorator[frozenset[Role]]):
    """A set of roles, stored as their names in order."""

    impl = String(100)
    cache_ok = True

    def process_bind_param(self, value: Iterable[Role] | None, dialect: Dialect) -> str:
        return ",".join(sorted(value or ()))

    def process_result_value(self, value: str | None, dialect: Dialect) -> frozenset[Role]:
        return parse_roles(filter(None, (value or "").split(",")))


class Dealer(Document, Base):
    """A company that sells and services the manufacturer's products: one tenant."""

    __tablename__ = "dealer"
    kind = "dealer"
    workflow = workflow.DEALER

    code: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[Line]
    country: Mapped[str] = mapped_column(String(2))
    region: Mapped[Line]
    city: Mapped[Line]
    address: Mapped[Line]
    contact: Mapped[Line]
    phone: Mapped[Line]
    zone: Mapped[str] = mapped_column(String(40))
    search_text: Mapped[str]

    @property
    def title(self) -> str:
        return f"{self.code} {self.name}"

    @property
    def tenant_id(self) -> int | None:
        return self.id


JOINED = "status IN ('active', 'deactivated')"
"""Whoever accepted the invitation."""


class User(Document, Base):
    """A person who signs in, or is invited to; on one side, with roles of that side.

    An address signs one person in, but several may invite it: whom it belongs to they cannot know.
    Who has no password yet has an empty ``password_hash``, which no password fits.

    ``mail`` says when notices also go out by e-mail: ``at_once``, ``daily`` or ``off``.
    ``saved_views`` are, by a list's endpoint, names and the queries of its URL.
    """

    __tablename__ = "user_account"
    __table_args__ = (
        CheckConstraint("(side = 'dealer') = (dealer_id IS NOT NULL)", name="side"),
        Index("ix_user_account_email", "email"),
        Index(
            "uq_user_account_email",
            "email",
            unique=True,
            sqlite_where=text(JOINED),
            postgresql_where=text(JOINED),
        ),
        Index("ix_user_account_dealer_id_created_at_id", "dealer_id", "created_at", "id"),
    )
    kind = "user"
    workflow = workflow.USER

    dealer_id: Mapped[int | None] = mapped_column(ForeignKey("dealer.id"))
    side: Mapped[str] = mapped_column(String(10))
    email: Mapped[str] = mapped_column(String(200))
    name: Mapped[Line]
    password_hash: Mapped[str] = mapped_column(String(200))
    roles: Mapped[frozenset[Role]] = mapped_column(RoleSet())
    language: Mapped[str | None] = mapped_column(String(10))
    theme: Mapped[str] = mapped_column(String(10), default="auto")
    mail: Mapped[str] = mapped_column(String(10), default="at_once", server_default="at_once")
    saved_views: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    search_text: Mapped[str]

    @property
    def title(self) -> str:
        return self.name

    @property
    def actor(self) -> Actor:
        """The person as an actor, with the rights that the roles give."""
        side: Side = "dealer" if self.side == "dealer" else "hq"
        return Actor(self.id, self.name, side, self.dealer_id, self.roles)


class LoginSession(Base):
    """One sign-in on one device; only the hash of its token is kept."""

    __tablename__ = "login_session"
    __table_args__ = (
        Index("ix_login_session_user_id", "user_id"),
        Index("ix_login_session_created_at", "created_at"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    address: Mapped[str] = mapped_column(String(60))
    agent: Mapped[str] = mapped_column(String(200))

    @property
    def public_id(self) -> str:
        """What its address says: a part of the hash, from which no token can be made."""
        return self.token_hash[:16]


class AccessLink(Base):
    """A link that leads a person to a password of their own; only the hash of its token is kept."""

    __tablename__ = "access_link"
    __table_args__ = (Index("ix_access_link_user_id", "user_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    purpose: Mapped[str] = mapped_column(String(20))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class SecondFactor(Base):
    """The secret that a person's app shares; ``last_step`` is the time of the last code."""

    __tablename__ = "second_factor"

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    secret: Mapped[str] = mapped_column(String(64))
    last_step: Mapped[int] = mapped_column(Key)
    created_at: Mapped[datetime]


class Passkey(Base):
    """A key pair of which a device of a person keeps the secret half (WebAuthn).

    ``credential_id`` and ``public_key`` are as the device gave them, in base64url; ``sign_count``
    is how often it said that it had signed; ``transports`` are ways to reach it, apart by spaces.
    """

    __tablename__ = "passkey"
    __table_args__ = (Index("ix_passkey_user_id", "user_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True, default=public_id)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    name: Mapped[Line]
    credential_id: Mapped[str] = mapped_column(String(1400), unique=True)
    public_key: Mapped[str]
    sign_count: Mapped[int] = mapped_column(Key)
    transports: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class SpentChallenge(Base):
    """A challenge that a device has answered: it counts no more."""

    __tablename__ = "spent_challenge"
    __table_args__ = (Index("ix_spent_challenge_at", "at"),)

    challenge_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime]


class RecoveryCode(Base):
    """A code for who lost every factor: it works once, and only its hash is kept."""

    __tablename__ = "recovery_code"
    __table_args__ = (Index("ix_recovery_code_user_id", "user_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    code_hash: Mapped[str] = mapped_column(String(64))


class FailedSignIn(Base):
    """A try to sign in that has not succeeded, counted by login name and by where it came from."""

    __tablename__ = "failed_sign_in"
    __table_args__ = (
        Index("ix_failed_sign_in_login_hash_at", "login_hash", "at"),
        Index("ix_failed_sign_in_address_at", "address", "at"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    login_hash: Mapped[str] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime]
