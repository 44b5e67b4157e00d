"""The forms of collections: the call, the labels that are scanned, and the consignment."""

from typing import Any

from wtforms import StringField
from wtforms.validators import Optional

from portal.collections.calling import Terms, Wish
from portal.collections.models import MOST_BOXES
from portal.core.db import LINE
from portal.core.i18n import _l
from portal.web.forms import (
    CountField,
    DayField,
    Form,
    MoneyField,
    VersionField,
    line,
    needed,
    text,
)

LONGEST_CODE = 2000


class WishForm(Form):
    """Which pieces are to be called; comes with the address of the page."""

    class Meta(Form.Meta):
        csrf = False

    region = StringField(_l("Region"), [Optional()])
    part = line(_l("Part number"), required=False)
    days = CountField(_l("Accepted at least so many days ago"), [Optional()], least=1, most=3650)
    worth = MoneyField(_l("Worth at least"), [Optional()])

    @property
    def wish(self) -> Wish:
        """The wish; what cannot be read is as if it were not there."""
        return Wish(
            region=(self.region.data or "")[:LINE],
            part=(self.part.data or "")[:LINE],
            days=self.days.data or 0,
            worth=self.worth.data or 0,
        )


class CallForm(Form):
    """The call itself."""

    until = DayField(_l("To be sent by"), [needed()])
    deliver_to = text(_l("Where to"))
    remark = text(_l("Remark"), required=False)

    @property
    def terms(self) -> Terms:
        """What is asked of the dealers."""
        return Terms(self.until.data, self.deliver_to.data or "", self.remark.data or "")


class ScanForm(Form):
    """A label that was read, or several in a photo."""

    code = StringField(_l("Label"), [Optional()])


class PackForm(ScanForm):
    """A label, and the box that its piece goes into."""

    box = CountField(_l("Box"), [needed()], most=MOST_BOXES)


class ReceiveForm(ScanForm):
    """A label, and where its piece is put."""

    place = line(_l("Storage place"), required=False)


class SendForm(Form):
    """How it travels; ``packed`` is how many pieces the page names."""

    seen = VersionField()
    packed = VersionField()
    carrier = line(_l("Carrier"))
    tracking_number = line(_l("Tracking number"))


class FinishForm(Form):
    """That receiving is finished; ``missing`` is how many pieces the page names."""

    seen = VersionField()
    missing = VersionField()

    def asked(self) -> dict[str, Any]:
        """What the service is given."""
        return {"seen": self.seen.data, "missing": self.missing.data}
