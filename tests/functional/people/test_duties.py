"""Roles: what each may do, in words, and which of them do not go together (P2, P3)."""

import re
from html import unescape
from typing import Any

import pytest
from sqlalchemy import update

from portal.core import jobs
from portal.core.db import session
from portal.core.errors import Invalid
from portal.core.permissions import HQ_ROLES, Role, declared, roles_with, said
from portal.people import duties, services
from portal.people.models import User
from portal.web import languages
from tests.functional.people.test_access import invited, work
from tests.functional.people.test_people import NEW_USER, url_of, user_of
from tests.support.portal import Portal
from tests.support.sink import parts, sink


def sorted_names(roles: set[Role]) -> str:
    """What a test of some roles is called."""
    return " ".join(sorted(roles))


APART = [
    {Role.FINANCE, Role.ADMINISTRATOR},
    {Role.REVIEWER, Role.ADMINISTRATOR},
    {Role.DESK, Role.ADMINISTRATOR, Role.WAREHOUSE},
    *({Role.AUDITOR, role} for role in sorted(HQ_ROLES - {Role.AUDITOR})),
]
TOGETHER = [{Role.FINANCE, Role.REVIEWER}, {Role.DESK, Role.WAREHOUSE, Role.FINANCE},
            {Role.ADMINISTRATOR, Role.WAREHOUSE}]  # fmt: skip


def test_every_capability_that_somebody_holds_has_words(portal: Portal) -> None:
    """P3: a new one without words would be an empty row; no two say the same."""
    for code in languages.CODES:
        with portal.app.test_request_context(), languages.in_language(code):
            words = [str(said(name)) for name in declared() if roles_with(name)]
        assert all(words), [name for name in declared() if roles_with(name) and not said(name)]
        assert len(words) == len(set(words)), code


def _rows(page: str) -> dict[str, list[bool]]:
    """The matrix as it is shown: for each duty, which columns have it."""
    rows = re.findall(r'<tr[^>]*><th scope="row">(.*?)</th>(.*?)</tr>', page, re.DOTALL)
    return {
        unescape(says): ["<svg" in cell for cell in re.findall(r"<td>(.*?)</td>", cells, re.DOTALL)]
        for says, cells in rows
    }


def test_matrix_is_what_the_capabilities_say(portal: Portal) -> None:
    """P3: row by row, for headquarters of all roles."""
    page = portal.client(portal.auditor).get("/roles").text
    rows = _rows(page)
    held = [name for name, roles in declared().items() if roles]
    assert len(rows) == len(held)
    for name in held:
        assert rows[str(said(name))] == [role in roles_with(name) for role in Role], name
    assert "What does not go together" in page


def test_manager_reads_of_the_dealers_roles_only(portal: Portal) -> None:
    """P1: what headquarters' roles may do is no dealer's concern."""
    page = portal.client(portal.manager).get("/roles").text
    rows = _rows(page)
    assert rows[str(said("application:confirm"))] == [False, True]
    assert str(said("ledger:deposit")) not in rows
    assert "Finance" not in page.partition("<main")[2]
    assert portal.client(portal.clerk).get("/roles").status_code == 403


@pytest.mark.parametrize("roles", APART, ids=sorted_names)
def test_roles_are_refused_when_their_duties_do_not_go_together(
    portal: Portal, roles: set[Role]
) -> None:
    """P2: who books money does not administer people; who audits changes nothing."""
    client = portal.client(portal.administrator)
    answer = client.post("/users/new", NEW_USER | {"roles": sorted(roles)})
    assert answer.status_code == 422
    assert "These roles do not go together: " in answer.text
    assert 'href="#roles"' in answer.text
    with portal.transaction():
        warehouse = session.get_one(User, portal.warehouse.id)
        with pytest.raises(Invalid, match="do not go together"):
            services.change_user(
                warehouse, name="W", roles=roles, by=portal.administrator, now=portal.now
            )
        assert warehouse.roles == {Role.WAREHOUSE}


@pytest.mark.parametrize("roles", TOGETHER, ids=sorted_names)
def test_roles_are_given_when_their_duties_go_together(portal: Portal, roles: set[Role]) -> None:
    """A small headquarters has few people."""
    invited(portal, "administrator", roles=sorted(roles))


def _with_both(portal: Portal) -> str:
    """Finance and administrator at once, from before they were held apart."""
    both = {Role.FINANCE, Role.ADMINISTRATOR}
    with portal.transaction():
        session.execute(update(User).where(User.id == portal.finance.id).values(roles=both))
    return f"{url_of(portal, 'finance')}/edit"


@pytest.mark.parametrize(
    ("roles", "status"),
    [
        (["finance", "administrator"], 303),
        (["finance", "administrator", "warehouse"], 303),
        (["finance"], 303),
        (["finance", "administrator", "reviewer"], 422),
        (["finance", "administrator", "auditor"], 422),
    ],
)
def test_what_somebody_has_stays_when_it_is_refused_today(
    portal: Portal, roles: list[str], status: int
) -> None:
    """P2: the form says so; what is new is refused, and what is as it was is not."""
    url = _with_both(portal)
    client = portal.client(portal.administrator)
    page = unescape(client.get(url).text)
    assert "Finance, Administrator: nobody is given these roles together any more." in page
    typed: dict[str, Any] = {"name": "Fin", "roles": roles, "seen": "1"}
    assert client.post(url, typed).status_code == status
    expected = set(roles) if status == 303 else {"finance", "administrator"}
    assert user_of(portal, "finance").roles == {Role(name) for name in expected}


def test_conflicts_name_roles_of_one_side() -> None:
    """A dealer's two roles go together."""
    assert not list(duties.conflicts(frozenset({Role.CLERK, Role.MANAGER})))
    assert {one.role for one in duties.CONFLICTS} == {Role.ADMINISTRATOR, Role.AUDITOR}


# Who is given a role that moves money


def told(portal: Portal, who: str) -> list[str]:
    """What an inbox says of such roles."""
    page = portal.client(portal.cast[who]).get("/inbox").text
    return re.findall("gave a role that moves money", page)


WATCH = ("finance", "reviewer", "auditor")


@pytest.mark.parametrize("way", ["invited", "changed", "activated"])
def test_everybody_who_moves_money_is_told_when_one_more_does(portal: Portal, way: str) -> None:
    """P4: and the auditors; at once, without a second approval, and it stands in the audit."""
    administrator = portal.client(portal.administrator)
    if way == "invited":
        answer = administrator.post("/users/new", NEW_USER | {"roles": "finance"})
    elif way == "changed":
        changed = {"name": "Desk", "roles": ["desk", "reviewer"], "seen": "1"}
        answer = administrator.post(f"{url_of(portal, 'desk')}/edit", changed)
    else:
        url = f"{url_of(portal, 'finance')}/steps"
        gone = {"seen": "1", "reason": "Left"}
        assert administrator.post(f"{url}/deactivate", gone).status_code == 303
        answer = administrator.post(f"{url}/activate", {"seen": "2"})
    assert answer.status_code == 303, answer.text
    for who in WATCH:
        if (way, who) != ("activated", "finance"):
            assert len(told(portal, who)) == 1, who
    assert len(told(portal, "desk")) == (way == "changed")
    for who in ("administrator", "warehouse", "manager", "clerk"):
        assert told(portal, who) == [], who
    event = "/audit?kind=user+money_role"
    assert "gave a role that moves money" in portal.client(portal.auditor).get(event).text


def test_who_was_told_opens_the_person(portal: Portal) -> None:
    """P1: who moves money sees colleagues, without how they sign in; and no dealer's people."""
    answer = portal.client(portal.administrator).post("/users/new", NEW_USER | {"roles": "finance"})
    client = portal.client(portal.finance)
    (notice,) = re.findall(r'action="(/inbox/[0-9]+)"', client.get("/inbox").text)
    opened = client.post(notice)
    assert opened.location == answer.location
    page = client.get(opened.location).text
    assert "gave a role that moves money" in page
    assert "Open sessions" not in page
    assert client.get("/users").status_code == 403
    assert client.get(url_of(portal, "clerk")).status_code == 404
    assert portal.client(portal.desk).get(opened.location).status_code == 403


def test_nobody_is_told_when_a_role_moves_no_money(portal: Portal) -> None:
    """Nor when somebody keeps what they had."""
    administrator = portal.client(portal.administrator)
    administrator.post("/users/new", NEW_USER | {"roles": "desk"})
    kept = {"name": "Other", "roles": ["finance", "desk"], "seen": "1"}
    answer = administrator.post(f"{url_of(portal, 'finance')}/edit", kept)
    assert answer.status_code == 303
    assert [told(portal, who) for who in WATCH] == [[], [], []]


def test_letter_tells_of_it_in_the_readers_language(portal: Portal) -> None:
    """As every notice does that somebody has by mail."""
    words = {"finance": ("zh-Hans", "授予了涉及资金的角色"), "reviewer": ("pl", "nadał(a) rolę"),
             "auditor": ("en", "gave a role that moves money")}  # fmt: skip
    with sink() as post:
        post.attach(portal)
        with portal.transaction():
            for who, (language, _said) in words.items():
                user = session.get_one(User, portal.cast[who].id)
                services.set_preferences(user, language=language)
        changed = {"name": "Desk", "roles": ["desk", "reviewer"], "seen": "1"}
        client = portal.client(portal.administrator)
        assert client.post(f"{url_of(portal, 'desk')}/edit", changed).status_code == 303
        portal.clock.advance(minutes=1)
        with portal.app.app_context():
            jobs.ring(portal.clock)
        work(portal)
        for who, (_language, said) in words.items():
            (letter,) = post.to(who)
            assert said in parts(letter)[0]
