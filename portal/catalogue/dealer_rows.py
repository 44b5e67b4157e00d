"""Dealers by spreadsheet: what each row would do, and the writing of those that are good.

A file removes nothing: a dealer that it does not name stays, and so does what it leaves open.
A dealer is known by its code, or, in a file without codes, by its company and city.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from sqlalchemy import select

from portal.catalogue.queries import number_key
from portal.catalogue.sheet_preview import Preview, SheetRow, previewed
from portal.core.db import LINE, session
from portal.core.errors import Invalid
from portal.core.i18n import _, _l
from portal.core.permissions import Actor
from portal.people import many_dealers
from portal.people.countries import ZONES, country_code, country_of, first_zone
from portal.people.forms import DEALER_LABELS, country_name
from portal.people.models import Dealer
from portal.people.services import DealerFacts, differences
from portal.sheets.cells import word
from portal.sheets.columns import Column, Mapped
from portal.sheets.rows import RowIssue, RowReader
from portal.sheets.table import Table

COLUMNS = (
    Column(
        "code",
        _l("Code"),
        names=(
            "Dealer code", "Dealer no", "Dealer number", "Dealer ID", "Store number", "Store no",
            "Storenum", "Shop number", "Outlet code", "Branch code", "Code", "经销商编号",
            "经销商代码", "经销商编码", "网点编号", "网点编码", "门店编号", "门店编码", "编号",
            "代码", "编码", "Kod dealera", "Nr dealera", "Numer dealera", "Kod sklepu", "Kod",
            "ID",
        ),
    ),
    Column(
        "name",
        DEALER_LABELS["name"],
        names=(
            "Company", "Company name", "Dealer name", "Dealer", "Store name", "Name",
            "经销商名称", "经销商", "公司名称", "公司", "企业名称", "单位名称", "网点名称",
            "门店名称", "名称", "Nazwa firmy", "Firma", "Nazwa dealera", "Nazwa",
        ),
    ),
    Column(
        "country",
        DEALER_LABELS["country"],
        names=(
            "Country", "Country code", "Country or region", "Locale", "国家", "国别", "国家代码",
            "Kraj", "Kod kraju", "Państwo",
        ),
    ),
    Column(
        "region",
        DEALER_LABELS["region"],
        names=(
            "Province or region", "Region", "Province", "State", "Voivodeship", "Strstate",
            "Województwo lub region", "省份或地区", "省", "省份", "所在省", "地区", "区域",
            "省市", "Województwo", "Prowincja",
        ),
    ),
    Column(
        "city",
        DEALER_LABELS["city"],
        names=("City", "Town", "Strcity", "市", "城市", "所在城市", "Miasto", "Miejscowość"),
    ),
    Column(
        "address",
        DEALER_LABELS["address"],
        names=(
            "Address", "Street address", "Street", "Streetaddr", "地址", "详细地址", "联系地址",
            "公司地址", "街道", "Adres", "Ulica",
        ),
    ),
    Column(
        "postcode",
        _l("Postcode"),
        names=(
            "Postcode", "Postal code", "Post code", "ZIP", "ZIP code", "邮编", "邮政编码",
            "Kod pocztowy",
        ),
    ),
    Column(
        "contact",
        DEALER_LABELS["contact"],
        names=(
            "Contact", "Contact person", "Contact name", "Person", "联系人", "联系人姓名",
            "负责人", "Osoba kontaktowa", "Kontakt", "Imię i nazwisko",
        ),
    ),
    Column(
        "phone",
        DEALER_LABELS["phone"],
        names=(
            "Phone", "Telephone", "Phone number", "Mobile", "Tel", "电话", "联系电话", "电话号码",
            "手机", "手机号", "Telefon", "Nr telefonu", "Numer telefonu", "Komórka",
        ),
    ),
    Column(
        "zone",
        DEALER_LABELS["zone"],
        names=("Time zone", "Timezone", "时区", "Strefa czasowa"),
    ),
)  # fmt: skip
MOST_CODE = 20
_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]*")
_GIVEN = re.compile(r"D([0-9]{1,9})")
_TEXTS = ("name", "region", "city", "address", "postcode", "contact", "phone")


@dataclass
class _Known:
    """What the rows are held against; it grows by what the rows before have brought.

    ``hq`` is the country that headquarters is in.
    """

    by_code: dict[str, Dealer]
    by_place: dict[tuple[str, str], list[Dealer]]
    free: Iterator[str]
    hq: str
    hq_zone: str
    rows: dict[object, int] = field(default_factory=dict)


def judge(table: Table, mapping: Mapped, now: datetime) -> Preview[SheetRow]:
    """Say for each row what it would do, or why it cannot be imported."""
    at = mapping.get("code")
    codes = set() if at is None else {_plain_code(row.cells[at]) for row in table.rows}
    known = _known(codes, str(now.tzinfo))
    rows: list[SheetRow] = []
    issues: list[RowIssue] = []
    for line in table.rows:
        reader = RowReader(line, COLUMNS, mapping)
        row = _row(reader, known)
        issues += reader.issues
        if row is not None:
            rows.append(row)
    return previewed(len(table.rows), rows, issues)


def _plain_code(cell: str) -> str:
    return unicodedata.normalize("NFKC", cell).strip().upper()


def _known(codes: Iterable[str], zone: str) -> _Known:
    dealers = session.scalars(select(Dealer).order_by(Dealer.id)).all()
    by_place: dict[tuple[str, str], list[Dealer]] = {}
    for one in dealers:
        by_place.setdefault(_place(one.name, one.city), []).append(one)
    by_code = {one.code: one for one in dealers}
    return _Known(by_code, by_place, _free({*by_code, *codes}), country_of(zone), zone)


def _place(name: str, city: str) -> tuple[str, str]:
    return number_key(name), number_key(city)


def _free(taken: set[str]) -> Iterator[str]:
    """Codes that nobody has, from behind the last one that looks like ours: D0123."""
    numbers = [int(found[1]) for code in taken if (found := _GIVEN.fullmatch(code))]
    return (
        code
        for number in count(max(numbers, default=0) + 1)
        if (code := f"D{number:04d}") not in taken
    )


def _row(reader: RowReader, known: _Known) -> SheetRow | None:
    code = reader.read("code", _code)
    country = reader.read("country", _country)
    zone = reader.read("zone", _zone)
    texts = {name: reader.read(name, word, LINE) or "" for name in _TEXTS}
    texts["address"] = _address(texts["address"], texts.pop("postcode"))
    if not reader.ok:
        return None
    try:
        there = _there(known, code, texts)
    except Invalid as refusal:
        reader.error(refusal.field, refusal.sentence)
        return None
    place = _place(texts["name"], texts["city"])
    before = known.rows.setdefault(there or code or place, reader.row.number)
    if before != reader.row.number:
        reader.error(
            "code" if code else "name", _("This dealer stands in row %(row)d already.", row=before)
        )
        return None
    if there is None:
        return _new(reader, known, code, country, zone, texts)
    return _changed(reader, there, {**texts, "country": country or "", "zone": zone or ""})


def _code(cell: str) -> str | None:
    """A dealer's code; Invalid for what cannot stand in numbers and on labels."""
    code = _plain_code(word(cell, LINE) or "")
    if code and (len(code) > MOST_CODE or not _CODE.fullmatch(code)):
        raise Invalid(
            _("Use letters A to Z, digits and hyphens only, at most %(most)d.", most=MOST_CODE)
        )
    return code or None


def _country(cell: str) -> str | None:
    written = word(cell, LINE)
    if written is None:
        return None
    code = country_code(written)
    if code is None:
        raise Invalid(_("“%(text)s” is not a country. Write its name or code.", text=written[:60]))
    return code


def _zone(cell: str) -> str | None:
    written = word(cell, LINE)
    if written is None or written in ZONES:
        return written
    raise Invalid(
        _("“%(text)s” is not a time zone. They look like this: Asia/Shanghai.", text=written[:60])
    )


def _address(street: str, postcode: str) -> str:
    """The postcode is a part of the address."""
    if not postcode or postcode in street:
        return street
    return f"{street}, {postcode}"[:LINE] if street else postcode


def _there(known: _Known, code: str | None, texts: dict[str, str]) -> Dealer | None:
    """The dealer that a row means, None for a new one; Invalid where that is not clear."""
    if code is not None:
        return known.by_code.get(code)
    if not texts["name"]:
        raise Invalid(_("Name the dealer by its code or its company."), field="name")
    alike = known.by_place.get(_place(texts["name"], texts["city"]), [])
    if len(alike) > 1:
        codes = ", ".join(one.code for one in alike[:5])
        raise Invalid(
            _("Several dealers are called so: %(codes)s. Say which.", codes=codes), field="code"
        )
    return alike[0] if alike else None


def _new(
    reader: RowReader,
    known: _Known,
    code: str | None,
    country: str | None,
    zone: str | None,
    texts: dict[str, str],
) -> SheetRow | None:
    for name in ("name", "city"):
        if not texts[name]:
            column = DEALER_LABELS[name]
            reader.error(name, _("This dealer is new. %(column)s is missing.", column=column))
    if country is None and not known.hq:
        reader.error("country", _("This dealer is new. %(column)s is missing.",
                                  column=DEALER_LABELS["country"]))  # fmt: skip
    if not reader.ok:
        return None
    if country is None:
        country = known.hq
        told = _("None is given, so headquarters’ is taken: %(name)s.", name=country_name(country))
        reader.note("country", told)
    if code is None:
        code = next(known.free)
        reader.note("code", _("It gets the code %(code)s.", code=code))
    elif alike := known.by_place.get(_place(texts["name"], texts["city"])):
        same = alike[0].code
        reader.note("name", _("There is one in this city that is called so: %(code)s.", code=same))
    where = zone or (known.hq_zone if country == known.hq else first_zone(country)) or known.hq_zone
    facts = DealerFacts(code=code, country=country, zone=where, **texts)
    return SheetRow(reader.row.number, "new", (None, facts))


def _changed(reader: RowReader, there: Dealer, given: dict[str, str]) -> SheetRow:
    """What a row changes of a dealer that is there; what it leaves open stays."""
    facts = DealerFacts(
        there.code, **{name: value or getattr(there, name) for name, value in given.items()}
    )
    changes = differences(there, facts)
    for name, (was, _new) in changes.items():
        old = country_name(was) if name == "country" else was
        reader.note(name, _("It was %(old)s.", old=old) if old else _("It was empty."))
    return SheetRow(reader.row.number, "changed" if changes else "unchanged", (there.id, facts))


def write(rows: Sequence[SheetRow], *, file_name: str, by: Actor, now: datetime) -> None:
    """Add the new dealers, each with its account, and change the others; an event each (P4)."""
    added = [row.values[1] for row in rows if row.kind == "new"]
    many_dealers.add(added, file_name=file_name, by=by, now=now)
    changed = dict(row.values for row in rows if row.kind == "changed")
    many_dealers.change(changed, file_name=file_name, by=by, now=now)
