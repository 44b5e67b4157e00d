"""What product models, fault codes and services are called, in three languages."""

from dataclasses import asdict, dataclass
from typing import Any, Protocol

from portal.core.search import normal


@dataclass(frozen=True, slots=True)
class Names:
    """A name in English, and, where they are given, in Chinese and Polish."""

    name: str
    name_zh: str = ""
    name_pl: str = ""


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
