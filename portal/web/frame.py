"""What a feature offers to the frame around all pages: rooms, waiting work, and finds."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from flask import request

from portal.core.permissions import SIGNED_IN, Actor, Role
from portal.web import languages
from portal.web.links import url_for


@dataclass(frozen=True)
class Room:
    """An entry of the rail; ``place`` orders it, ``needs`` says who has it."""

    place: int
    label: Any
    icon: str
    endpoint: str
    needs: str


@dataclass(frozen=True)
class ShownRoom:
    """A room as the rail shows it to somebody."""

    label: str
    icon: str
    url: str
    current: bool


@dataclass(frozen=True)
class Task:
    """Work that waits for somebody, as a count that leads to the filtered list."""

    label: Any
    count: int
    url: str
    due_at: datetime | None = None
    overdue: int = 0


@dataclass(frozen=True)
class Alarm:
    """Something that must not be, with the first sentences about it, in English."""

    title: str
    sentences: Sequence[str]
    url: str


@dataclass(frozen=True)
class Find:
    """Something that a search found."""

    kind: Any
    title: str
    text: str
    url: str


Tasks = Callable[[Actor, datetime], Iterable[Task]]
Alarms = Callable[[Actor], Iterable[Alarm]]
Finder = Callable[[Actor, str], Iterable[Find]]
_rooms: list[Room] = []
_tasks: list[Tasks] = []
_alarms: list[Alarms] = []
_finders: list[Finder] = []


def room(place: int, label: Any, icon: str, endpoint: str, needs: str) -> None:
    """Offer a room."""
    added = Room(place, label, icon, endpoint, needs)
    if added not in _rooms:
        _rooms.append(added)


def tasks(function: Tasks) -> Tasks:
    """Offer a feature's waiting work."""
    _tasks.append(function)
    return function


def alarms(function: Alarms) -> Alarms:
    """Offer a feature's alarms: they stand on the home of whom they concern."""
    _alarms.append(function)
    return function


def finder(function: Finder) -> Finder:
    """Offer a feature's answers to the search at the top: at most ten, scoped to the actor."""
    _finders.append(function)
    return function


def rooms_of(actor: Actor) -> list[ShownRoom]:
    """The rooms that somebody has, in order; the one that this request is in is marked.

    That is the room whose address is the nearest above the request's; else the feature's first.
    """
    mine = _rooms_in(languages.code(), request.script_root, actor.roles)
    blueprint = (request.endpoint or "").partition(".")[0]
    path = f"{request.path}/"
    around = [room.url for _, room in mine if room.url != "/" and path.startswith(f"{room.url}/")]
    kin = [room.url for feature, room in mine if feature == blueprint]
    here = max(around or kin[:1], key=len, default="")
    return [replace(room, current=True) if room.url == here else room for _, room in mine]


@lru_cache(256)
def _rooms_in(_code: str, _root: str, roles: frozenset[Role]) -> tuple[tuple[str, ShownRoom], ...]:
    """The rooms for some roles, by feature: in words of a language, at addresses below a root."""
    anyone = Actor(0, "", "hq", None, roles)
    return tuple(
        (
            room.endpoint.partition(".")[0],
            ShownRoom(str(room.label), room.icon, url_for(room.endpoint), False),
        )
        for room in sorted(_rooms, key=lambda room: room.place)
        if room.needs == SIGNED_IN or anyone.can(room.needs)
    )


def waiting(actor: Actor, now: datetime) -> list[Task]:
    """All work that waits for somebody, the overdue and the soonest first; nothing empty."""
    found = [task for function in _tasks for task in function(actor, now) if task.count]
    far = now.replace(year=9999)
    return sorted(found, key=lambda task: (not task.overdue, task.due_at or far))


def alarming(actor: Actor) -> list[Alarm]:
    """Every alarm that concerns somebody."""
    return [alarm for function in _alarms for alarm in function(actor)]


def find(actor: Actor, text: str) -> list[Find]:
    """What every feature finds for a text."""
    return [hit for function in _finders for hit in function(actor, text)]
