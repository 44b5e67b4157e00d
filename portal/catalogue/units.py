"""Units of parts: kept as the manufacturer writes them, shown in the reader's language."""

from portal.core.i18n import _l

_WORDS = (
    (_l("pcs"), "pcs pc pce piece pieces szt sztuka sztuki 件 个 只"),
    (_l("set"), "set sets kpl komplet zestaw 套 组"),
    (_l("pair"), "pair pairs pr para pary 对 副 双"),
    (_l("box"), "box boxes karton pudełko 盒 箱"),
    (_l("pack"), "pack packs pkg opak opakowanie 包 袋"),
    (_l("roll"), "roll rolls rolka 卷"),
    (_l("m"), "m metre metres meter meters metr 米"),
    (_l("kg"), "kg kilogram kilograms 千克 公斤"),
    (_l("l"), "l litre litres liter liters litr 升"),
)
_USUAL = {unit: word for word, units in _WORDS for unit in units.split()}


def unit_name(unit: str | None) -> str:
    """A usual unit in the reader's language; any other as it was written."""
    written = (unit or "").strip()
    return str(_USUAL.get(written.casefold().removesuffix("."), written))
