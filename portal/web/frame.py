"""What a feature offers to the frame around all pages: rooms, waiting work, and finds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import request

from portal.core.permissions import SIGNED_IN, Actor
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

    label: Any
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
class Find:
    """Something that a search found."""

    kind: Any
    title: str
    text: str
    url: str


Tasks = Callable[[Actor, datetime], Iterable[Task]]
Finder = Callable[[Actor, str], Iterable[Find]]
_rooms: list[Room] = []
_tasks: list[Tasks] = []
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


def finder(function: Finder) -> Finder:
    """Offer a feature's answers to the search at the top: at most ten, scoped to the actor."""
    _finders.append(function)
    return function


def rooms_of(actor: Actor) -> list[ShownRoom]:
    """The rooms that somebody has, in order; the one that this request is in is marked.

    That is the room whose address is the nearest above the request's; else the feature's first.
    """
    mine = [
        (room, url_for(room.endpoint))
        for room in sorted(_rooms, key=lambda room: room.place)
        if room.needs == SIGNED_IN or actor.can(room.needs)
    ]
    blueprint = (request.endpoint or "").partition(".")[0]
    around = [url for _room, url in mine if url != "/" and f"{request.path}/".startswith(f"{url}/")]
    kin = [url for room, url in mine if room.endpoint.partition(".")[0] == blueprint]
    here = max(around or kin[:1], key=len, default="")
    return [ShownRoom(room.label, room.icon, url, url == here) for room, url in mine]


def waiting(actor: Actor, now: datetime) -> list[Task]:
    """All work that waits for somebody, the overdue and the soonest first; nothing empty."""
    found = [task for function in _tasks for task in function(actor, now) if task.count]
    far = now.replace(year=9999)
    return sorted(found, key=lambda task: (not task.overdue, task.due_at or far))


def find(actor: Actor, text: str) -> list[Find]:
    """What every feature finds for a text."""
    return [hit for function in _finders for hit in function(actor, text)]
