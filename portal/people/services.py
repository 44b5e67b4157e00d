"""Every change to dealers and the people at them (P1, P4, P5)."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl

from sqlalchemy import Text, cast, select

from portal.core import workflow
from portal.core.db import session, take_turn
from portal.core.documents import Document, relock
from portal.core.errors import Forbidden, Invalid, NotFound, Stale
from portal.core.events import record
from portal.core.i18n import _
from portal.core.permissions import Actor, Role, parse_roles
from portal.core.search import normal, phone_digits
from portal.people import access_links, duties, inviting, letters, policy, sign_in
from portal.people.models import Dealer, User
from portal.web import filters

DEALERS = "dealers"
"""The turn that whoever adds dealers waits for: each code is given once."""


@dataclass(frozen=True)
class DealerFacts:
    """What is known of a dealer."""

    code: str
    name: str
    country: str
    region: str
    city: str
    address: str
    contact: str
    phone: str
    zone: str


def add_dealer(facts: DealerFacts, *, by: Actor, now: datetime) -> Dealer:
    """Add a dealer; the ledger opens its account. Invalid if the code is taken."""
    by.must(policy.DEALER_MANAGE)
    take_turn(DEALERS)
    if session.scalar(select(Dealer.id).where(Dealer.code == facts.code)) is not None:
        raise Invalid(_("There is a dealer with this code."), field="code")
    dealer = new_dealer(facts, now)
    session.add(dealer)
    session.flush()
    workflow.begin(dealer, by=by, now=now)
    return dealer


def new_dealer(facts: DealerFacts, now: datetime) -> Dealer:
    """A dealer that is not kept yet."""
    return Dealer(status="active", created_at=now, **vars(facts), search_text=_text(facts))


def _text(facts: DealerFacts) -> str:
    return normal(facts.code, facts.name, facts.city, facts.region, facts.contact)


def change_dealer(
    dealer: Dealer, facts: DealerFacts, *, seen: int | None = None, by: Actor, now: datetime
) -> None:
    """Change what is known of a dealer; the code stays. Each change is on the timeline.

    Stale if ``seen`` is not the version that the dealer has.
    """
    by.must(policy.DEALER_MANAGE)
    _check_seen(dealer, seen)
    if changes := changed(dealer, facts):
        record(dealer, "edit", by=by, now=now, values=changes)


def changed(dealer: Dealer, facts: DealerFacts) -> dict[str, list[str]]:
    """Set what is known of a locked dealer, but for its code; each change, before and after."""
    changes = differences(dealer, facts)
    for name, (_old, new) in changes.items():
        setattr(dealer, name, new)
    if changes:
        dealer.search_text = _text(facts)
        dealer.version += 1
    return changes


def differences(dealer: Dealer, facts: DealerFacts) -> dict[str, list[str]]:
    """What would change, before and after; the code stays."""
    return {
        name: [getattr(dealer, name), value]
        for name, value in vars(facts).items()
        if name != "code" and getattr(dealer, name) != value
    }


def step_dealer(
    dealer: Dealer, name: str, *, seen: int | None, reason: str, by: Actor, now: datetime
) -> None:
    """Freeze a dealer, whose people then file nothing new, or let it work again (P4).

    Freezing needs a reason; the dealer's managers are told of either. Stale, WrongState.
    """
    workflow.apply(dealer, name, by=by, now=now, seen=seen, reason=reason)


def _check_seen(document: Document, seen: int | None) -> None:
    if seen is not None and seen != document.version:
        raise Stale()


def add_user(
    *,
    email: str,
    name: str,
    password: str,
    roles: Iterable[Role],
    dealer: Dealer | None,
    by: Actor,
    now: datetime,
    language: str | None = None,
) -> User:
    """Add a person who can sign in at once with a password that is known: a program's way.

    Invalid as ``invite`` is, if somebody has the address, or if the password is short.
    """
    user = _new_user(email, name, roles, dealer, by=by, now=now, language=language)
    if _has_joined(user.email):
        raise Invalid(_("Somebody signs in with this address already."), field="email")
    _password(password)
    user.status, user.password_hash = "active", sign_in.hash_of(password)
    return _begun(user, by=by, now=now)


def invite(
    *,
    email: str,
    name: str,
    roles: Iterable[Role],
    dealer: Dealer | None,
    by: Actor,
    now: datetime,
    language: str | None = None,
    by_hand: bool = False,
) -> tuple[User, str | None]:
    """Invite a person, and the token of their link where no letter takes it to them.

    A dealer's manager invites only to the own company (P1), and learns nothing of whether others
    know the address: who has it already finds that out as they accept. Invalid if a person whom
    the actor may see has the address, or the roles are of another side.
    """
    user = _new_user(email, name, roles, dealer, by=by, now=now, language=language)
    where = [User.email == user.email, User.status != "withdrawn"]
    if session.scalar(select(User.id).where(*where, policy.visible_users(by)).limit(1)):
        raise Invalid(_("Somebody signs in, or is invited, with this address already."),
                      field="email")  # fmt: skip
    inviting.check_inviter(by, now=now)
    _begun(user, by=by, now=now)
    _tell_of_money(user, by=by, now=now)
    token = access_links.give(
        user,
        "invitation",
        asked_by=by.name,
        now=now,
        by_hand=by_hand,
        send_at=inviting.send_at(user, now=now),
    )
    return user, token


def _new_user(
    email: str,
    name: str,
    roles: Iterable[Role],
    dealer: Dealer | None,
    *,
    by: Actor,
    now: datetime,
    language: str | None,
) -> User:
    """A person who is not in the database yet, whom the actor may add there."""
    by.must(policy.USER_MANAGE)
    if by.is_dealer and (dealer is None or dealer.id != by.dealer_id):
        raise Forbidden()
    address = email.strip().lower()
    return User(
        status="invited",
        created_at=now,
        dealer_id=dealer.id if dealer else None,
        side="dealer" if dealer else "hq",
        email=address,
        name=name,
        password_hash="",
        roles=_roles(roles, "dealer" if dealer else "hq"),
        language=language,
        theme="auto",
        search_text=normal(name, address),
    )


def _begun(user: User, *, by: Actor, now: datetime) -> User:
    session.add(user)
    session.flush()
    workflow.begin(user, by=by, now=now, roles=_named(user.roles))
    return user


def _has_joined(address: str) -> bool:
    joined = User.status.in_(("active", "deactivated"))
    return session.scalar(select(User.id).where(User.email == address, joined)) is not None


def _roles(
    roles: Iterable[Role], side: str, *, had: frozenset[Role] = frozenset()
) -> frozenset[Role]:
    """The roles that were chosen: of one side, and without a new conflict of duties (P2)."""
    try:
        chosen = parse_roles(roles)
    except ValueError:
        chosen = frozenset()
    if not chosen or {role.side for role in chosen} != {side}:
        raise Invalid(_("Choose at least one role of this person's side."), field="roles")
    for found, why in duties.conflicts(chosen, had=had):
        names = filters.listed(role.label for role in Role if role in found)
        raise Invalid(
            _("These roles do not go together: %(roles)s. %(why)s", roles=names, why=why),
            field="roles",
        )
    return chosen


def _named(roles: Iterable[Role]) -> str:
    return ", ".join(sorted(roles))


def _password(password: str, field: str = "password") -> None:
    problem = sign_in.password_problem(password)
    if problem:
        raise Invalid(problem, field=field)


def change_user(
    user: User,
    *,
    name: str,
    roles: Iterable[Role],
    seen: int | None = None,
    by: Actor,
    now: datetime,
) -> None:
    """Change a person's name and roles; new roles end the person's sessions.

    Nobody changes their own roles. Roles that do not go together are not given, but who has them
    keeps them. Stale if ``seen`` is not the version that the person has.
    """
    _may_manage(user, by)
    _check_seen(user, seen)
    chosen = _roles(roles, user.side, had=user.roles)
    changes: dict[str, list[object]] = {}
    if name != user.name:
        changes["name"] = [user.name, name]
    if chosen != user.roles:
        if user.id == by.id:
            raise Invalid(_("Nobody changes their own roles."), field="roles")
        changes["roles"] = [_named(user.roles), _named(chosen)]
        sign_in.end_all(user.id, now=now)
    if changes:
        had = user.roles
        user.name, user.roles = name, chosen
        user.search_text = normal(name, user.email)
        user.version += 1
        record(user, "edit", by=by, now=now, values=changes)
        _tell_of_money(user, had=had, by=by, now=now)


def _tell_of_money(
    user: User, *, had: frozenset[Role] = frozenset(), by: Actor, now: datetime
) -> None:
    """Tell everybody who moves money, and the auditors, that one more does (P4).

    No second person has to approve it: a manufacturer may have one administrator.
    """
    if given := (user.roles - had) & duties.MOVES_MONEY:
        record(user, "money_role", by=by, now=now, values={"roles": _named(given)})


def _may_manage(user: User, by: Actor) -> None:
    by.must(policy.USER_MANAGE)
    if by.is_dealer and user.dealer_id != by.dealer_id:
        raise Forbidden()


def deactivate(user: User, *, seen: int | None, reason: str, by: Actor, now: datetime) -> None:
    """Shut a person out: sessions and links end at once, the history stays (P5). Not oneself."""
    _may_manage(user, by)
    if user.id == by.id:
        raise Invalid(_("Nobody deactivates themselves."))
    workflow.apply(user, "deactivate", by=by, now=now, seen=seen, reason=reason)
    sign_in.end_all(user.id, now=now)
    access_links.end_all(user.id, now=now)


def activate(user: User, *, seen: int | None, reason: str = "", by: Actor, now: datetime) -> None:
    """Let a person in again."""
    _may_manage(user, by)
    workflow.apply(user, "activate", by=by, now=now, seen=seen, reason=reason)
    _tell_of_money(user, by=by, now=now)


def set_preferences(
    user: User, *, language: str | None = None, theme: str | None = None, mail: str | None = None
) -> None:
    """Set the language and theme that a person sees, and when they get mail; None changes none."""
    user.language = language or user.language
    user.theme = theme or user.theme
    user.mail = mail or user.mail


MOST_VIEWS = 12
"""How many views of one list a person keeps."""
SavedViews = dict[str, dict[str, str]]
"""By a list's endpoint, names and the queries of its URL."""
_LETTER = r"[^\W\u2e80-\u9fff]"
"""A sign that a word goes on with; Chinese puts no blanks between its words."""


def save_view(user: User, endpoint: str, name: str, query: str) -> None:
    """Keep a list's filters under a name; the same name once more means these from now on."""
    user = relock(user)
    views = dict(user.saved_views.get(endpoint, {}))
    if name not in views and len(views) >= MOST_VIEWS:
        raise Invalid(_("You have enough views of this list. Remove one first."), field="name")
    user.saved_views = {**user.saved_views, endpoint: views | {name: query}}


def remove_view(user: User, endpoint: str, name: str) -> None:
    """Forget a view; harmless if there is none."""
    user = relock(user)
    views = {one: query for one, query in user.saved_views.get(endpoint, {}).items() if one != name}
    user.saved_views = {**user.saved_views, endpoint: views}


def forget_views(texts: Collection[str]) -> None:
    """Forget everybody's views of lists that look for one of some texts, or are called so.

    Texts are compared in any case, as whole words; phones by their digits.
    """
    if not texts:
        return
    has_views = cast(User.saved_views, Text) != "{}"
    kept = session.execute(select(User.id, User.saved_views).where(has_views)).all()
    keys = [key for key, views in kept if _views_without(views, texts) != views]
    users = select(User).where(User.id.in_(keys)).order_by(User.id).with_for_update()
    for user in session.scalars(users.execution_options(populate_existing=True)).all():
        user.saved_views = _views_without(user.saved_views, texts)


def _views_without(kept: SavedViews, texts: Collection[str]) -> SavedViews:
    words = "|".join(re.escape(normal(text)) for text in texts)
    whole = re.compile(f"(?<!{_LETTER})(?:{words})(?!{_LETTER})")
    phones = list(filter(None, map(phone_digits, texts)))

    def is_one(said: str) -> bool:
        digits = phone_digits(said)
        is_phone = digits and any(digits.endswith(p) or p.endswith(digits) for p in phones)
        return bool(is_phone or whole.search(normal(said)))

    def names_one(name: str, query: str) -> bool:
        return any(map(is_one, (name, *(said for key, said in parse_qsl(query) if key == "q"))))

    return {
        endpoint: {name: query for name, query in views.items() if not names_one(name, query)}
        for endpoint, views in kept.items()
    }


def set_password(
    user: User, *, old: str, new: str, keep_session: int, by: Actor, now: datetime
) -> None:
    """Change one's own password; every other session of oneself ends."""
    if user.id != by.id:
        raise Forbidden()
    user = relock(user)  # a reset of this very moment counts
    sign_in.confirm(user, old, field="old")
    _password(new, "new")
    user.password_hash = sign_in.hash_of(new)
    sign_in.end_all(user.id, now=now, but=keep_session)
    access_links.end_all(user.id, now=now)
    record(user, "edit", by=by, now=now, values={"password": "changed"})
    letters.tell(user, "password", by=by, now=now)


def give_link(
    user: User, *, seen: int | None, by: Actor, now: datetime, by_hand: bool = False
) -> str | None:
    """Invite somebody again, or have them set a new password: the present one ends at once.

    Returns the token of the link where no letter takes it to them.
    """
    _may_manage(user, by)
    if user.id == by.id:
        raise Invalid(_("Change your own password on your account page."))
    is_invited = user.status == "invited"
    if is_invited:
        inviting.check_again(user, by, now=now)
    workflow.apply(user, "invite_again" if is_invited else "renew", by=by, now=now, seen=seen)
    user.password_hash = ""
    sign_in.end_all(user.id, now=now)
    return access_links.give(
        user,
        "invitation" if is_invited else "renewal",
        asked_by=by.name,
        now=now,
        by_hand=by_hand,
        send_at=inviting.send_at(user, now=now) if is_invited else now,
    )


def withdraw(user: User, *, seen: int | None, by: Actor, now: datetime) -> None:
    """Take an invitation back: its link ends."""
    _may_manage(user, by)
    workflow.apply(user, "withdraw", by=by, now=now, seen=seen)
    access_links.end_all(user.id, now=now)


def choose_password(token: str, password: str, *, now: datetime) -> User:
    """Set the password of whom a link is for, who thereby accepts an invitation.

    The link and all sessions of the person end. NotFound if the link works no more.
    """
    user = access_links.whose(token, now, lock=True)
    if user is None:
        raise NotFound()
    _password(password)
    if user.status == "invited" and _has_joined(user.email):
        raise Invalid(
            _("Somebody signs in with this address already. Ask to be invited with another one.")
        )
    user.password_hash = sign_in.hash_of(password)
    if user.status == "invited":
        workflow.apply(user, "accept", by=user.actor, now=now)
    else:
        record(user, "edit", by=user.actor, now=now, values={"password": "changed"})
        letters.tell(user, "password", by=user.actor, now=now)
    access_links.end_all(user.id, now=now)
    sign_in.end_all(user.id, now=now)
    return user
