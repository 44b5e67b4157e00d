"""What product models and fault codes are called, in three languages."""

from dataclasses import asdict, dataclass

from portal.catalogue.models import FaultCode, ProductModel
from portal.core.search import normal


@dataclass(frozen=True, slots=True)
class Names:
    """A name in English, and, where they are given, in Chinese and Polish."""

    name: str
    name_zh: str = ""
    name_pl: str = ""


def call(one: ProductModel | FaultCode, names: Names) -> dict[str, list[str]]:
    """Call it so, for the search as well; gives each name that changes, before and after."""
    told = asdict(names)
    changes = {key: [old, new] for key, new in told.items() if (old := getattr(one, key)) != new}
    for key, new in told.items():
        setattr(one, key, new)
    one.search_text = normal(one.title, *told.values())
    return changes
