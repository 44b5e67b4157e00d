"""The shape of what is typed about people and dealers."""

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from babel import Locale
from wtforms import HiddenField, PasswordField, SelectField, SelectMultipleField
from wtforms.validators import Length, Regexp, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from portal.core.i18n import _, _l
from portal.core.permissions import DEALER_ROLES, HQ_ROLES, Role, Side
from portal.people.countries import ZONES
from portal.people.services import DealerFacts
from portal.people.sign_in import SHORTEST_PASSWORD
from portal.web import languages
from portal.web.forms import Form, SelectChoice, VersionField, line, needed

MAIL = (
    ("at_once", _l("At once")),
    ("daily", _l("Once a day, in the morning")),
    ("off", _l("Never")),
)
THEMES = (("auto", _l("As the device")), ("light", _l("Light")), ("dark", _l("Dark")))


def _choices(pairs: Iterable[tuple[str, Any]]) -> list[SelectChoice]:
    return [SelectChoice(value, label) for value, label in pairs]


def _password(label: Any, **options: Any) -> Any:
    return PasswordField(label, [needed(), Length(max=1000)], **options)


def _length_hint() -> str:
    hint = _("At least %(count)d characters. A few words are good.", count=SHORTEST_PASSWORD)
    return str(hint)


DEALER_LABELS = {
    "name": _l("Company"),
    "country": _l("Country"),
    "region": _l("Province or region"),
    "city": _l("City"),
    "address": _l("Address"),
    "contact": _l("Contact"),
    "phone": _l("Phone"),
    "zone": _l("Time zone"),
}
USER_LABELS = {"name": _l("Full name"), "roles": _l("Roles"), "password": _l("Password")}


class SignIn(Form):
    """Name and password; where to go on afterwards."""

    email = line(_l("E-mail address"))
    password = _password(_l("Password"))
    next = HiddenField()


class Code(Form):
    """A code of one's app, or a recovery code."""

    code = line(_l("Sign-in code"), most=40)


class SignInCode(Code):
    """The code that a sign-in asks for; where to go on afterwards."""

    next = HiddenField()


class PresentPassword(Form):
    """One's password, once more, before something that a stranger must not do."""

    password = _password(_l("Present password"))


class Said(Form):
    """What a device said of a passkey; where to go on afterwards."""

    said = HiddenField(validators=[needed(), Length(max=16_000)])
    next = HiddenField()


class NewPasskey(Said):
    """A passkey that a device made, and what to call it."""

    passkey_name = line(
        _l("Name"),
        most=60,
        description=_l("So that you know it again: “Phone”, “Key on my key ring”."),
    )


class Preferences(Form):
    """The language and the theme that a person sees, and when notices come by e-mail."""

    language = SelectField(_l("Language"), choices=_choices(languages.NATIVE.items()))
    theme = SelectField(_l("Appearance"), choices=_choices(THEMES))
    mail = SelectField(_l("Notices by e-mail"), choices=_choices(MAIL))


class OwnPassword(Form):
    """A change of one's own password."""

    old = _password(_l("Present password"))
    new = _password(_l("New password"))

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.new.description = _length_hint()


class ChosenPassword(Form):
    """The password that a link leads to."""

    password = _password(_l("New password"))

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.password.description = _length_hint()


class Forgotten(Form):
    """The address of who forgot the password."""

    email = line(_l("E-mail address"))


def _territories() -> Mapping[str, str]:
    return Locale.parse(languages.code(), sep="-").territories


def country_name(code: str) -> str:
    """The country of a two-letter code, in the reader's language."""
    return _territories().get(code, code)


def _countries() -> list[SelectChoice]:
    known = [(c, name) for c, name in _territories().items() if len(c) == 2 and c.isalpha()]
    return _choices(sorted(known, key=lambda item: item[1]))


def _code(text: str | None) -> str:
    return unicodedata.normalize("NFKC", text or "").strip().upper()


class DealerForm(Form):
    """What is known of a dealer, but for its code."""

    seen = VersionField()
    name = line(DEALER_LABELS["name"])
    zone = SelectField(
        DEALER_LABELS["zone"],
        choices=[SelectChoice(zone) for zone in ZONES],
        description=_l("The dealer sees times in this zone."),
    )
    address = line(DEALER_LABELS["address"], required=False)
    city = line(DEALER_LABELS["city"])
    region = line(DEALER_LABELS["region"], required=False)
    country = SelectField(DEALER_LABELS["country"])
    contact = line(DEALER_LABELS["contact"], description=_l("Whom headquarters calls."))
    phone = line(DEALER_LABELS["phone"], required=False)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.country.choices = _countries()

    def facts(self, code: str) -> DealerFacts:
        """What was typed, for the dealer of that code."""
        names = ("name", "country", "region", "city", "address", "contact", "phone", "zone")
        return DealerFacts(code, **{name: self[name].data or "" for name in names})


class NewDealer(DealerForm):
    """A dealer that is not there yet."""

    on_top = ("code",)
    code = line(
        _l("Code"),
        most=20,
        filters=[_code],
        description=_l("Stands in every number of the dealer, for example D0123. It stays."),
    )

    def validate_code(self, field: Any) -> None:
        """Letters, digits and hyphens only: it stands in numbers and on labels."""
        Regexp(r"[A-Z0-9][A-Z0-9-]*$", message=_("Use letters A to Z, digits and hyphens only."))(
            self, field
        )


class UserForm(Form):
    """A person's name and roles."""

    seen = VersionField()
    name = line(USER_LABELS["name"])
    roles: Any = SelectMultipleField(
        USER_LABELS["roles"], coerce=Role, widget=ListWidget(), option_widget=CheckboxInput()
    )

    def __init__(self, side: Side, **options: Any) -> None:
        super().__init__(**options)
        mine = DEALER_ROLES if side == "dealer" else HQ_ROLES
        self.roles.choices = _choices((role, role.label) for role in Role if role in mine)


class NewUser(UserForm):
    """A person who is not there yet."""

    on_top = ("name", "email")
    email = line(
        _l("E-mail address"),
        description=_l("The person signs in with it, and sets a password of their own by a link."),
    )
    language = SelectField(_l("Language"), choices=_choices(languages.NATIVE.items()))

    def validate_email(self, field: Any) -> None:
        """Something that can be an address."""
        Regexp(r"[^@\s]+@[^@\s]+\.[^@\s]+$", message=_("Enter an e-mail address."))(self, field)

    def validate_roles(self, field: Any) -> None:
        """At least one."""
        if not field.data:
            raise ValidationError(_("Choose at least one role of this person's side."))
