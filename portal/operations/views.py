"""Jobs: those that failed can be tried again; those that wait and those that are done."""

from collections.abc import Iterator
from datetime import datetime

from flask import flash, url_for
from flask.typing import ResponseReturnValue

from portal.core import jobs
from portal.core.i18n import _, _l, ngettext
from portal.core.jobs import Job
from portal.core.permissions import Actor
from portal.operations import policy, queries, services
from portal.operations import retention as retention  # the worker finds its timers
from portal.web import frame, lists
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, now

pages = Pages("operations", __name__)
frame.room(80, _l("Jobs"), "clock", "operations.index", policy.JOB_READ)


def _tabs(at: datetime) -> list[lists.Tab]:
    return [
        lists.Tab("failed", _l("Failed"), jobs.has_failed(at)),
        lists.Tab("waiting", _l("Waiting"), queries.waits(at)),
        lists.Tab("done", _l("Done"), Job.done_at.is_not(None)),
    ]


@pages.get("/jobs", needs=policy.JOB_READ)
def index() -> ResponseReturnValue:
    """The jobs, newest first; those that failed in the first tab."""
    tabs = _tabs(now())
    chosen = lists.current(tabs)
    assert chosen.where is not None
    return render(
        "operations/jobs.html",
        tabs=lists.tab_items(tabs, lists.counts(Job, (), tabs)),
        tab=chosen.name,
        listed=lists.page(queries.listed(chosen.where), Job.run_at, Job.id),
        label_of=jobs.label_of,
        may_manage=actor().can(policy.JOB_MANAGE),
    )


@pages.post("/jobs", needs=policy.JOB_MANAGE)
def retry_all() -> ResponseReturnValue:
    """Have all that failed tried again."""
    count = services.retry_all(by=actor(), now=now())
    flash(
        ngettext("%(num)d job is tried again.", "%(num)d jobs are tried again.", count), "success"
    )
    return go("operations.index")


@pages.post("/jobs/<int(max=9223372036854775807):job_id>/retry", needs=policy.JOB_MANAGE)
def retry(job_id: int) -> ResponseReturnValue:
    """Have one that failed tried again."""
    if services.retry(job_id, by=actor(), now=now()):
        flash(_("The job is tried again."), "success")
    return go("operations.index")


@pages.post("/jobs/<int(max=9223372036854775807):job_id>/drop", needs=policy.JOB_MANAGE)
def drop(job_id: int) -> ResponseReturnValue:
    """Forget one that failed."""
    if services.drop(job_id, by=actor(), now=now()):
        flash(_("The job is dropped."), "success")
    return go("operations.index")


@frame.tasks
def _tasks(who: Actor, at: datetime) -> Iterator[frame.Task]:
    """What keeps the portal from doing its work."""
    if who.can(policy.JOB_MANAGE):
        found = queries.trouble(at)
        yield frame.Task(_l("Jobs that failed"), found.failed, url_for("operations.index"))
        yield frame.Task(
            _l("E-mails that do not get out"),
            found.letters,
            url_for("operations.index", tab="waiting"),
        )
