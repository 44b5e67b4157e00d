"""The states of a person and of a dealer (P5): deactivated or frozen, never deleted."""

from portal.core.i18n import _l
from portal.core.workflow import State, Transition, Workflow

USER = Workflow(
    states=(
        State("invited", _l("Invited"), "waiting", _l("The person invited")),
        State("active", _l("Active"), "good"),
        State("deactivated", _l("Deactivated"), "ended"),
        State("withdrawn", _l("Invitation withdrawn"), "ended"),
    ),
    transitions=(
        Transition(
            "accept",
            ("invited",),
            "active",
            "user:accept",
            _l("Accept the invitation"),
            _l("accepted the invitation"),
        ),
        Transition(
            "invite_again",
            ("invited",),
            "invited",
            "user:manage",
            _l("Invite again"),
            _l("sent the invitation again"),
            direct=True,
            asks=_l("The person gets a new link. The one before it ends."),
            told=_l("The person is invited again."),
        ),
        Transition(
            "withdraw",
            ("invited",),
            "withdrawn",
            "user:manage",
            _l("Withdraw the invitation"),
            _l("withdrew the invitation"),
            direct=True,
            tone="danger",
            asks=_l("The link ends. The address can be invited again."),
            told=_l("The invitation is withdrawn."),
        ),
        Transition(
            "renew",
            ("active",),
            "active",
            "user:manage",
            _l("New password"),
            _l("asked for a new password"),
            direct=True,
            asks=_l(
                "The present password ends, and the person is signed out. "
                "They get a link to set a new one."
            ),
            told=_l("The old password has ended, and the person is signed out."),
        ),
        Transition(
            "take_factor",
            ("active",),
            "active",
            "user:manage",
            _l("Take the second factor off"),
            _l("took the second factor off"),
            needs_reason=True,
            direct=True,
            tone="danger",
            asks=_l(
                "Only if the person lost it, and you know that it is they who ask. They are signed "
                "out, and the password alone lets them in."
            ),
            told=_l("The second factor is off, and the person is told."),
        ),
        Transition(
            "deactivate",
            ("active",),
            "deactivated",
            "user:manage",
            _l("Deactivate"),
            _l("deactivated the account"),
            needs_reason=True,
            direct=True,
            tone="danger",
            asks=_l("The person is signed out and can no longer sign in."),
            told=_l("The person cannot sign in any more."),
        ),
        Transition(
            "activate",
            ("deactivated",),
            "active",
            "user:manage",
            _l("Activate again"),
            _l("activated the account again"),
            direct=True,
            told=_l("The person can sign in again."),
        ),
    ),
)

DEALER = Workflow(
    states=(
        State("active", _l("Active"), "good"),
        State("frozen", _l("Frozen"), "bad"),
    ),
    transitions=(
        Transition(
            "freeze",
            ("active",),
            "frozen",
            "dealer:manage",
            _l("Freeze"),
            _l("froze the dealer"),
            needs_reason=True,
            tells="dealer:follow",
            direct=True,
            tone="danger",
            asks=_l(
                "Its people can sign in and read, but file nothing new: no applications, quotes "
                "to confirm, claims, compensations or rates. Deadlines go on. They can still "
                "receive, register old parts and send them back, answer, object and appeal. Its "
                "managers are told, with your reason."
            ),
            told=_l(
                "The dealer is frozen: its people read and go on with what was begun, but file "
                "nothing new."
            ),
        ),
        Transition(
            "unfreeze",
            ("frozen",),
            "active",
            "dealer:manage",
            _l("Let it work again"),
            _l("let the dealer work again"),
            tells="dealer:follow",
            direct=True,
            told=_l("The dealer works as before."),
        ),
    ),
)
