"""The second factor: a code that an app makes from a shared secret and the time (TOTP).

A code is taken once, and a step of thirty seconds early or late. Beside the app, or instead of it,
one may have passkeys (``passkeys``). Who loses all of them has recovery codes, each of which works
once; who loses those as well has them taken off by whoever manages them.
"""

import base64
import hmac
import secrets
from datetime import datetime

import pyotp
from sqlalchemy import delete, func, insert, or_, select

from portal.core import workflow
from portal.core.db import session
from portal.core.documents import relock
from portal.core.errors import Forbidden, Invalid
from portal.core.events import record
from portal.core.i18n import _, _l
from portal.core.permissions import Actor, Role
from portal.people import duties, letters, policy, sign_in
from portal.people.models import Passkey, RecoveryCode, SecondFactor, User

CODES = 10
"""How many recovery codes one is given."""
MOST_WRONG, WARNED_AT = 20, 5
"""So many wrong codes a day at a sign-in, then none is taken until the day is over, or there is a
new password; after so many the person is written to: whoever types them knows the password."""
STEP = 30
"""How long a code lasts, in seconds."""
REQUIRED_OF = duties.MOVES_MONEY
"""Who moves money, and who could take the factor off them: where the settings require it."""
ISSUER = "Partloop"


class WrongCode(Invalid):
    """A code that does not fit, or was used before: which of them is not said."""

    def __init__(self) -> None:
        super().__init__(
            _l("This code does not fit, or was used before. Wait for the next one."), field="code"
        )


def new_secret() -> str:
    """A secret for an app: 160 bits."""
    return pyotp.random_base32()


def address(secret: str, email: str) -> str:
    """What the QR code of a secret says to an app."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    """The step of time that a code is of: the present one, the one before or the one after."""
    typed = "".join(code.split())
    here = int(now.timestamp()) // STEP
    app = pyotp.TOTP(secret)
    for step in (here, here - 1, here + 1):
        if hmac.compare_digest(app.generate_otp(step).encode(), typed.encode()):
            return step
    return None


def of(user_id: int) -> SecondFactor | None:
    """What a person's app shares, if there is one."""
    return session.get(SecondFactor, user_id)


def is_on(user_id: int) -> bool:
    """Whether a person's password alone lets nobody in: there is an app, or a passkey."""
    app = select(SecondFactor.user_id).where(SecondFactor.user_id == user_id)
    passkey = select(Passkey.id).where(Passkey.user_id == user_id)
    return bool(session.scalar(select(or_(app.exists(), passkey.exists()))))


def codes_left(user_id: int) -> int:
    """How many recovery codes a person has left."""
    mine = RecoveryCode.user_id == user_id
    return session.scalars(select(func.count()).select_from(RecoveryCode).where(mine)).one()


def check(user: User, code: str, *, now: datetime) -> None:
    """Take a code of the app, or a recovery code, of a person whose row is locked; else WrongCode.

    Taken, it fits no more.
    """
    factor = session.get(SecondFactor, user.id, populate_existing=True)
    step = _step_of(factor.secret, code, now) if factor else None
    if factor and step is not None and step > factor.last_step:
        factor.last_step = step
    elif step is not None or not _used_up(user.id, code):
        raise WrongCode()


def _used_up(user_id: int, code: str) -> bool:
    used = session.execute(
        delete(RecoveryCode)
        .where(RecoveryCode.user_id == user_id, RecoveryCode.code_hash == _hash(user_id, code))
        .returning(RecoveryCode.id)
    ).all()
    return bool(used)


def _hash(user_id: int, code: str) -> str:
    plain = "".join(sign for sign in code.lower() if sign.isalnum())
    return sign_in.digest(f"{user_id}/{plain}")


def counted_by(user: User) -> str:
    """What wrong tries of a person are counted by: a new password or another app begins anew.

    Who guessed with the password of before is shut out; nobody else is to wait for it.
    """
    factor = session.get(SecondFactor, user.id)
    return f"{user.id} {sign_in.digest(user.password_hash + (factor.secret if factor else ''))}"


def warn(user: User, *, address: str, device: str, now: datetime) -> None:
    """Write to a person for whom several wrong codes were typed within a day: once."""
    if sign_in.wrong_today(f"code {counted_by(user)}", device=device, now=now) == WARNED_AT:
        letters.tell(user, "wrong_codes", by=address, now=now)


def turn_on(
    user: User, secret: str, code: str, *, keep_session: int, by: Actor, now: datetime
) -> list[str]:
    """Have one's own sign-in ask for a code from now on; recovery codes, if there were none.

    One's other sessions, which began without it, end. WrongCode if the app shows another code.
    """
    _own(user, by)
    user = relock(user)
    if of(user.id) is not None:
        raise Invalid(_("Your second factor is on already."))
    is_first = not is_on(user.id)
    step = _step_of(secret, code, now)
    if step is None:
        raise WrongCode()
    session.add(SecondFactor(user_id=user.id, secret=secret, last_step=step, created_at=now))
    sign_in.end_all(user.id, now=now, but=keep_session)
    record(user, "factor_on", by=by, now=now)
    letters.tell(user, "factor_on", by=by, now=now)
    return new_codes(user.id) if is_first else []


def renew_codes(user: User, code: str, *, by: Actor, now: datetime) -> list[str]:
    """New recovery codes of one's own, in place of those that are left.

    Asks for a code of the app, or a recovery code, if there is an app.
    """
    _own(user, by)
    user = relock(user)
    if not is_on(user.id):
        raise Invalid(_("Turn a second factor on first."))
    if of(user.id) is not None:
        check(user, code, now=now)
    record(user, "factor_codes", by=by, now=now)
    return new_codes(user.id)


def new_codes(user_id: int) -> list[str]:
    """Recovery codes of a person whose row is locked; those before end."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    codes = [base64.b32encode(secrets.token_bytes(10)).decode().lower() for _one in range(CODES)]
    session.execute(
        insert(RecoveryCode),
        [{"user_id": user_id, "code_hash": _hash(user_id, code)} for code in codes],
    )
    return ["-".join(code[at : at + 4] for at in range(0, 16, 4)) for code in codes]


def turn_off(user: User, code: str, *, is_required: bool, by: Actor, now: datetime) -> None:
    """Have one's own sign-in ask for no code any more; passkeys stay.

    Invalid if it is the last factor, and one's roles need one.
    """
    _own(user, by)
    user = relock(user)
    check(user, code, now=now)
    _remove(user.id, SecondFactor)
    check_left(user, is_required=is_required)
    record(user, "factor_off", by=by, now=now)
    letters.tell(user, "factor_off", by=by, now=now)


def check_left(user: User, *, is_required: bool) -> None:
    """After a factor went: Invalid if it was the last one, and the person's roles need one.

    Recovery codes are not for who has no factor any more.
    """
    if is_on(user.id):
        return
    if is_required and required_of(user.roles):
        raise Invalid(_("Your roles need a second factor here."))
    _remove(user.id, RecoveryCode)


def take_off(user: User, *, seen: int | None, reason: str, by: Actor, now: datetime) -> None:
    """Take what is lost off somebody whom one manages: app, passkeys and recovery codes.

    They are signed out, and told.

    Invalid if there is none. Not one's own: for that one needs a code.
    """
    by.must(policy.USER_MANAGE)
    if by.is_dealer and user.dealer_id != by.dealer_id:
        raise Forbidden()
    if user.id == by.id:
        raise Invalid(_("Turn your own second factor off on your account page."))
    workflow.apply(user, "take_factor", by=by, now=now, seen=seen, reason=reason)
    if not is_on(user.id):
        raise Invalid(_("There is no second factor to take off."))
    _remove(user.id, SecondFactor, Passkey, RecoveryCode)
    sign_in.end_all(user.id, now=now)
    letters.tell(user, "factor_taken", by=by, now=now)


def required_of(roles: frozenset[Role]) -> bool:
    """Whether people in these roles need a second factor, where the settings require it."""
    return not roles.isdisjoint(REQUIRED_OF)


def _own(user: User, by: Actor) -> None:
    if user.id != by.id:
        raise Forbidden()


def _remove(user_id: int, *models: type[SecondFactor | Passkey | RecoveryCode]) -> None:
    for model in models:
        session.execute(delete(model).where(model.user_id == user_id))
