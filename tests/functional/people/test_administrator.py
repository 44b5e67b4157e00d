"""The command that lets an administrator in (P5)."""

from click.testing import CliRunner, Result
from sqlalchemy import select

from portal.core.db import session
from portal.core.events import verify
from portal.core.permissions import Role
from portal.people.cli import commands
from portal.people.models import User
from tests.support.portal import PASSWORD, Portal


def asked(portal: Portal, email: str, *options: str) -> Result:
    """What the command prints."""
    administrator, _password = commands(lambda: portal.app)
    return CliRunner().invoke(administrator, [email, "Zhou Min", *options])


def entered(portal: Portal, link: str, email: str) -> int:
    """Set a password by a link, and sign in with it: the status of the home page."""
    client, password = portal.client(), "quite another one"
    path = "/" + link.strip().split("/", 3)[3]
    assert client.post(path, data={"password": password}).location == "/sign-in"
    client.post("/sign-in", data={"email": email, "password": password})
    return client.get("/policy").status_code


def test_first_administrator_comes_in_by_the_link(portal: Portal) -> None:
    """Into an installation that has none; the link is for once."""
    result = asked(portal, "Zhou@Example.com ")
    assert result.exit_code == 0, result.output
    assert entered(portal, result.output, "zhou@example.com") == 200
    with portal.transaction():
        user = session.scalars(select(User).where(User.email == "zhou@example.com")).one()
        assert (user.status, user.roles) == ("active", frozenset({Role.ADMINISTRATOR}))
        assert list(verify()) == []


def test_administrator_who_is_locked_out_comes_back(portal: Portal) -> None:
    """The present password and sessions end; somebody in another role is no administrator."""
    with portal.transaction():
        email, other = (
            session.get_one(User, one.id).email for one in (portal.administrator, portal.desk)
        )
    open_one = portal.client(portal.administrator)
    result = asked(portal, email, "--without-second-factor")
    assert result.exit_code == 0, result.output
    assert open_one.get("/policy").status_code == 303
    refused = portal.client().post("/sign-in", data={"email": email, "password": PASSWORD})
    assert refused.status_code == 422
    assert entered(portal, result.output, email) == 200
    assert "with this address already" in asked(portal, other).output


def test_person_gets_a_new_password_from_who_runs_the_server(portal: Portal) -> None:
    """Where no mail is sent: their sessions end, the link is for once, the timeline says so."""
    _administrator, password = commands(lambda: portal.app)
    here = portal.client(portal.desk)
    result = CliRunner().invoke(password, ["Desk@example.com"])
    assert result.exit_code == 0, result.output
    assert here.get("/").status_code == 303
    assert entered(portal, result.output, "desk@example.com") == 200
    for nobody in ("nobody@example.com", ""):
        result = CliRunner().invoke(password, [nobody])
        assert result.exit_code == 1
        assert "Nobody signs in" in result.output
