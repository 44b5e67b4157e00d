"""What parts, product models, fault codes and services are called, in three languages."""

from dataclasses import asdict, dataclass
from typing import Any, Protocol

from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Line
from portal.core.search import normal


@dataclass(frozen=True, slots=True)
class Names:
    """A name in English, and, where they are given, in Chinese and Polish."""

    name: str
    name_zh: str = ""
    name_pl: str = ""


class InLanguages:
    """The names of a row; ``name`` is the English one, and stands in where another has none."""

    name: Mapped[Line]
    name_zh: Mapped[Line] = mapped_column(default="")
    name_pl: Mapped[Line] = mapped_column(default="")

    def name_in(self, language: str) -> str:
        """Its name in a language of the portal, or its English one."""
        return {"zh-Hans": self.name_zh, "pl": self.name_pl}.get(language) or self.name


class Named(Protocol):
    """What has a name in each language, and is found by them."""

    search_text: Any

    @property
    def title(self) -> str:
        """The number or code, by which it is found as well."""


def call(one: Named, names: Names) -> dict[str, list[str]]:
    """Call it so, for the search as well; gives each name that changes, before and after."""
    told = asdict(names)
    changes = {key: [old, new] for key, new in told.items() if (old := getattr(one, key)) != new}
    for key, new in told.items():
        setattr(one, key, new)
    one.search_text = normal(one.title, *told.values())
    return changes
