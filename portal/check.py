"""``portal check``: what is wrong or dangerous with an installation, in sentences.

Each finding is one sentence that names the setting, what comes of it, and what to do; none holds a
secret. What is wrong is to be put right; a note is only to be known.
"""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from portal.core import jobs, seals
from portal.core.db import reading, session
from portal.core.jobs import Away, Job
from portal.operations import owner, pulses, ready
from portal.settings import Settings
from portal.web.mail import SmtpServer

MB = 1024 * 1024
LEAST_FREE = 1024 * MB
"""Less than this on the disk is too little."""
MOST_SKEW = timedelta(seconds=5)
SHORTEST_SECRET = 32
POOL = 16
"""The most connections that a process opens; ``db.engine_options`` says so."""
OLDEST_POSTGRES = 13


@dataclass(frozen=True)
class Finding:
    """A sentence about an installation; ``is_wrong`` if it is to be put right."""

    sentence: str
    is_wrong: bool = True


def note(sentence: str) -> Finding:
    """A finding that is only to be known."""
    return Finding(sentence, is_wrong=False)


def of_settings(settings: Settings) -> list[Finding]:
    """What the settings say by themselves; nothing is asked for."""
    return [*_address(settings), *_secrets(settings), *_mail_settings(settings)]


def of_installation(settings: Settings, now: datetime) -> list[Finding]:
    """What there is when one looks: database, files, mail server, workers.

    In an application's context; ``now`` is the machine's time. Takes some seconds at most.
    """
    return [*_database(settings, now), *_files(settings), *_mail_server(settings)]


def _is_local(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


# --- Settings ---------------------------------------------------------------------------------


def _address(settings: Settings) -> Iterator[Finding]:
    is_open = settings.proxies > 0 or not _is_local(settings.host)
    if not settings.public_url:
        if is_open or settings.smtp_host:
            yield Finding(
                "PORTAL_PUBLIC_URL is missing: every host name is believed, and printed codes and "
                "mails lead to whatever somebody called the portal. Set it to its address."
            )
        return
    if settings.public_url.startswith("http://"):
        yield from _without_tls(settings)
        return
    if not settings.secure_cookies:
        yield Finding(
            "PORTAL_SECURE_COOKIES is not yes, though PORTAL_PUBLIC_URL begins with https: a "
            "browser would send the sign-in without TLS too. Set it to yes."
        )
    if settings.proxies == 0:
        yield Finding(
            "PORTAL_PROXIES is 0, though PORTAL_PUBLIC_URL begins with https, which takes a proxy: "
            "all visitors seem to come from it, and who guesses passwords slows everybody down. "
            "Set it to the number of proxies, which is mostly 1."
        )
    elif not _is_local(settings.host) and not settings.socket:
        yield note(
            f"The portal listens on {settings.host} and believes a proxy's headers: let nobody but "
            f"the proxy reach port {settings.port}, or anybody can say where they come from."
        )


def _without_tls(settings: Settings) -> Iterator[Finding]:
    host = settings.public_url.partition("://")[2].rpartition(":")[0] or settings.public_url[7:]
    if not _is_local(host):
        yield Finding(
            "PORTAL_PUBLIC_URL begins with http: passwords can be read on their way. Put a proxy "
            "with TLS before the portal, and begin the address with https."
        )
    if settings.secure_cookies:
        yield Finding(
            "PORTAL_SECURE_COOKIES is yes, though PORTAL_PUBLIC_URL begins with http: browsers do "
            "not send the sign-in, so nobody can sign in."
        )


def _secrets(settings: Settings) -> Iterator[Finding]:
    if settings.secret_key and len(settings.secret_key) < SHORTEST_SECRET:
        yield Finding(
            f"PORTAL_SECRET_KEY has fewer than {SHORTEST_SECRET} characters: it can be guessed, "
            "and who knows it is whoever they like. Make a random one: openssl rand -hex 32."
        )
    if settings.metrics_token and len(settings.metrics_token) < SHORTEST_SECRET:
        yield Finding(
            f"PORTAL_METRICS_TOKEN has fewer than {SHORTEST_SECRET} characters: it can be guessed."
        )
    if settings.public_url and settings.second_factor == "optional":
        yield note(
            "PORTAL_SECOND_FACTOR is optional: a password alone lets whoever learns it move money. "
            "Set it to required."
        )
    kept = settings.folder / "secret-key"
    if not settings.secret_key and kept.exists() and kept.stat().st_mode & 0o077:
        yield Finding(f"{kept} can be read by others on this machine: chmod 600 {kept}.")


def _mail_settings(settings: Settings) -> Iterator[Finding]:
    if settings.smtp_host and settings.smtp_tls == "none" and not _is_local(settings.smtp_host):
        yield Finding(
            "PORTAL_SMTP_TLS is none: every letter can be read on its way to "
            f"{settings.smtp_host}. Set it to starttls or tls."
        )
    if not settings.smtp_host:
        yield note("PORTAL_SMTP_HOST is missing: the portal sends no e-mail.")
        if settings.seal_address:
            yield Finding(
                "PORTAL_SEAL_ADDRESS is set without PORTAL_SMTP_HOST: no seal leaves the portal. "
                "Name the mail server."
            )


# --- Database and workers ---------------------------------------------------------------------


def _database(settings: Settings, now: datetime) -> Iterator[Finding]:
    problems = ready.of_database(settings)
    yield from map(Finding, problems)
    try:
        with reading():
            if session.get_bind().dialect.name == "postgresql":
                yield from _postgres(settings, now)
            if not problems:
                yield from _workers(settings, now)
    except SQLAlchemyError as error:
        if not problems:
            yield Finding(f"The database refuses a question: {_first_line(error)}")
        else:
            yield note(f"The database says: {_first_line(error)}")


def _first_line(error: SQLAlchemyError) -> str:
    return str(getattr(error, "orig", None) or error).strip().partition("\n")[0]


def _said(question: str) -> Any:
    return session.scalar(text(question))


def _postgres(settings: Settings, now: datetime) -> Iterator[Finding]:
    version = int(_said("SHOW server_version_num")) // 10_000
    if version < OLDEST_POSTGRES:
        yield Finding(f"PostgreSQL is of version {version}: at least {OLDEST_POSTGRES} is needed.")
    if not _said("SELECT count(*) FROM pg_extension WHERE extname = 'pg_trgm'"):
        yield Finding(
            "The extension pg_trgm is missing in the database: portal migrate makes it if the "
            "portal's role owns the database, else its owner does (CREATE EXTENSION pg_trgm)."
        )
    skew = _said("SELECT clock_timestamp()").astimezone(UTC) - now
    if abs(skew) > MOST_SKEW:
        yield Finding(
            f"The clocks of this machine and of the database differ by {abs(skew).seconds} "
            "seconds: let both take the time from the network (NTP)."
        )
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        if _said(f"SHOW {name}") == "off":
            yield Finding(
                f"PostgreSQL runs with {name} = off: what the portal said is kept can be lost "
                "when the machine stops. Set it to on."
            )
    has = int(_said("SHOW max_connections")) - int(_said("SHOW superuser_reserved_connections"))
    wants = (settings.workers + 1) * POOL
    if wants > has:
        yield note(
            f"PostgreSQL takes {has} connections, and this machine's {settings.workers} web "
            f"processes and its worker may want {wants}: raise max_connections."
        )


def _workers(settings: Settings, now: datetime) -> Iterator[Finding]:
    seen = pulses.last_seen()
    oldest = session.scalar(
        select(func.min(Job.run_at)).where(
            Job.done_at.is_(None), Job.attempts < jobs.MOST_ATTEMPTS, jobs.is_free(now)
        )
    )
    if seen is None:
        yield Finding(
            "No worker has been here since yesterday: mails wait and no deadline is kept. "
            "Start portal worker beside portal serve."
        )
    elif now - seen > pulses.PATIENCE:
        yield Finding(
            f"No worker has been here for {_minutes(now - seen)} minutes: start portal worker."
        )
    elif oldest is not None and now - oldest > pulses.PATIENCE:
        yield Finding(
            f"The oldest job has waited for {_minutes(now - oldest)} minutes: the worker fails, "
            "or more of them are needed. Its log says which."
        )
    for sentence in seals.late(now):
        yield Finding(f"The nightly seals: {sentence}.")
    failed = session.scalar(select(func.count()).select_from(Job).where(jobs.has_failed(now)))
    if failed:
        yield note(f"{failed} jobs failed for good: an administrator finds them under Jobs.")
    if len(pulses.machines()) > 1 and not settings.secret_key:
        yield Finding(
            "Workers run on several machines, and PORTAL_SECRET_KEY is missing: each machine made "
            "its own, and a sign-in at one counts for nothing at another. Set one for all."
        )


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)


# --- Files and mail ---------------------------------------------------------------------------


def _files(settings: Settings) -> Iterator[Finding]:
    where = settings.s3_bucket or settings.files_folder
    if said := ready.probe():
        yield Finding(f"{said} They go to {where}.")
    elif not _is_ours():
        yield Finding(
            "The storage of photos and files is not this database's own: what nothing names is "
            f"not swept from it. They lie in {where}. {owner.MEND}"
        )
    if not settings.s3_bucket and settings.database_url and settings.secret_key:
        yield note(
            f"Photos and files lie in {settings.files_folder}: with several machines, let it be "
            "one folder that all of them share, or set PORTAL_S3_BUCKET."
        )
    free = shutil.disk_usage(_there(settings.folder)).free
    if free < LEAST_FREE:
        yield Finding(f"Only {free // MB} MB are free where {settings.folder.resolve()} lies.")


def _is_ours() -> bool:
    try:
        return owner.is_ours()
    except SQLAlchemyError:  # the database says so itself
        return True


def _there(path: Path) -> Path:
    path = path.resolve()
    return next(one for one in (path, *path.parents) if one.exists())


def _mail_server(settings: Settings) -> Iterable[Finding]:
    server = SmtpServer.of(settings)
    if server is not None:
        try:
            server.knock()
        except Away as error:
            return [Finding(f"The mail server takes no letters: {error}.")]
    return []
