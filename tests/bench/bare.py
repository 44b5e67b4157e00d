"""The bare pages: the same rows by hand-written statements and a plain Jinja template.

They ask the database what the portal's pages ask (who it is, the rows, how many each tab has)
and write what the portal writes; the frame, languages, forms and rights they leave out.
"""

import hashlib
import json
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from portal.applications.queries import tabs_for
from portal.core.permissions import Actor
from tests.bench.database import Database
from tests.bench.rows import FORM

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True
)
WHO = """
    SELECT u.id, u.name, u.side, u.dealer_id, u.roles, u.email, u.language, u.theme, d.zone,
        d.name AS dealer, (SELECT count(*) FROM notice WHERE user_id = u.id AND read_at IS NULL)
    FROM login_session s JOIN user_account u ON u.id = s.user_id
    LEFT JOIN dealer d ON d.id = u.dealer_id
    WHERE token_hash = :token AND ended_at IS NULL AND expires_at > :now AND u.status = 'active'"""
ROWS = """
    SELECT application.id, application.created_at, application.public_id, number,
        application.status, application.contact, line_count, total, due_at, submitted_at, code, name
    FROM application JOIN dealer ON dealer.id = dealer_id
    WHERE {} ORDER BY application.created_at DESC, application.id DESC LIMIT 51"""
QUEUE = """
    SELECT application.id, application.created_at, application.public_id, number,
        application.status, application.contact, line_count, total, due_at, submitted_at, code, name
    FROM application JOIN dealer ON dealer.id = dealer_id
    WHERE {} AND application.status = 'submitted' ORDER BY due_at, application.id LIMIT 51"""
BEYOND = """{} AND application.created_at <= :at
    AND (application.created_at < :at OR application.id < :id)"""
COUNT = "(SELECT count(*) FROM (SELECT 1 FROM application WHERE {} LIMIT 1001) AS x)"
COUNT_FOUND = "SELECT {} FROM (SELECT status FROM application WHERE {} LIMIT 1001) AS application"
FOUND = {
    "sqlite": "application.id IN (SELECT rowid FROM application_search "
    "WHERE search_text MATCH '\"' || :text || '\"' ORDER BY rowid DESC LIMIT 1001)",
    "postgresql": "application.search_text LIKE '%' || :text || '%'",
}
DOCUMENT = """
    SELECT application.*, code, name AS dealer
    FROM application JOIN dealer ON dealer.id = dealer_id
    WHERE application.public_id = :name AND dealer_id = :dealer"""
LINES = """
    SELECT l.*, p.number, p.name, w.unit_price, w.amount, w.shipped, w.cancelled,
        w.remark AS answer
    FROM application_line l JOIN part p ON p.id = l.part_id
    LEFT JOIN quote q ON q.application_id = l.application_id AND q.version = :version
    LEFT JOIN quote_line w ON w.quote_id = q.id AND w.application_line_id = l.id
    WHERE l.application_id = :id AND l.revision = :revision ORDER BY l.position"""
QUOTES = "SELECT * FROM quote WHERE application_id = :id ORDER BY version DESC"
SHIPMENTS = "SELECT * FROM shipment WHERE application_id = :id ORDER BY id"
EVENTS = """
    SELECT * FROM event WHERE document_kind = 'application' AND document_id = :id ORDER BY seq"""

PARTS = """
    SELECT part.id, number, (SELECT cost FROM price WHERE part_id = part.id
        AND effective_from <= :today ORDER BY effective_from DESC, id DESC LIMIT 1)
    FROM part WHERE number_key IN ({})"""
HOURS = """
    SELECT value FROM policy_value WHERE name = 'application.reply_hours' AND status = 'approved'
    AND effective_from <= :today ORDER BY effective_from DESC, id DESC LIMIT 1"""
NUMBER = """
    INSERT INTO number_series (prefix, last) VALUES (:prefix, 1)
    ON CONFLICT (prefix) DO UPDATE SET last = number_series.last + 1 RETURNING last"""
CHANGE = """
    UPDATE application SET status = 'submitted', version = version + 1, revision = revision + 1,
        event_count = event_count + 1, event_hash = :hash, number = :number, typed = :typed,
        contact = :contact, phone = :phone, delivery_address = :delivery_address, line_count = 5,
        submitted_at = :now, due_at = :due, search_text = :text WHERE id = :id"""
LINE = """
    INSERT INTO application_line (dealer_id, application_id, revision, position, part_id, quantity,
        purpose, product_model, serial, fault)
    VALUES (:dealer, :id, 1, :position, :part_id, :quantity, :purpose, :product_model, :serial,
        :fault)"""
EVENT = """
    INSERT INTO event (dealer_id, document_kind, document_id, seq, at, actor_id, actor_name,
        actor_side, name, from_status, to_status, reason, "values", hash)
    VALUES (:dealer, 'application', :id, 2, :now, :user, :user_name, 'dealer', 'submit', 'draft',
        'submitted', '', '{"reply_hours":24}', :hash) RETURNING id"""
TOLD = """
    SELECT id, roles FROM user_account
    WHERE status = 'active' AND (dealer_id = :dealer OR dealer_id IS NULL)"""
TELL = "INSERT INTO notice (user_id, event_id, title) VALUES (:user_id, :event, :number)"

LINE_FIELDS = ("quantity", "purpose", "product_model", "serial", "fault")
HEAD = {name: FORM[name] for name in ("contact", "phone", "delivery_address")}


class Reader:
    """Somebody at the bare pages."""

    def __init__(self, database: Database, actor: Actor, token: str, now: datetime) -> None:
        self.database, self.actor, self.now = database, actor, now
        self.session = {
            "token": hashlib.sha256(token.encode()).hexdigest(),
            "now": database.instant(now),
        }
        scope = "dealer_id = :dealer" if actor.is_dealer else "number IS NOT NULL"
        found = f"{scope} AND {FOUND[database.kind]}"
        tabs = [
            "true"
            if tab.where is None
            else str(tab.where.compile(compile_kwargs={"literal_binds": True}))
            for tab in tabs_for(actor)
        ]
        self.rows, self.found = ROWS.format(scope), ROWS.format(found)
        self.due = QUEUE.format(scope)
        self.further = ROWS.format(BEYOND.format(scope))
        counts = (f"{COUNT.format(f'{scope} AND {tab}')} AS n{n}" for n, tab in enumerate(tabs))
        self.counts = f"SELECT {', '.join(counts)}"
        shares = ", ".join(
            f"count(CASE WHEN {tab} THEN 1 END) AS n{n}" for n, tab in enumerate(tabs)
        )
        self.found_counts = COUNT_FOUND.format(shares, found)

    def queue(self) -> str:
        """What is to be quoted, the earliest due first."""
        return self.list(ask=self.due)

    def list(self, text: str = "", at: Any = None, key: int | None = None, ask: str = "") -> str:
        """The list of 50, from the newest or beyond a row."""
        values = {"dealer": self.actor.dealer_id, "text": text, "at": at, "id": key}
        self.database.all(WHO, **self.session)
        ask = ask or (self.found if text else self.further if key else self.rows)
        rows = self.database.all(ask, **values)
        counts = self.database.all(self.found_counts if text else self.counts, **values)[0]
        return TEMPLATES.get_template("list.html").render(
            rows=rows[:50],
            tabs=zip(tabs_for(self.actor), counts, strict=True),
            hq=not self.actor.is_dealer,
        )

    def detail(self, name: str) -> str:
        """One application."""
        self.database.all(WHO, **self.session)
        document = self.database.all(DOCUMENT, name=name, dealer=self.actor.dealer_id)[0]
        read = partial(self.database.all, id=document.id)
        return TEMPLATES.get_template("detail.html").render(
            document=document,
            lines=read(LINES, version=document.quote_version, revision=document.revision),
            quotes=read(QUOTES),
            shipments=read(SHIPMENTS),
            events=read(EVENTS),
        )

    def submit(self, name: str) -> None:
        """Five lines are submitted, in one transaction."""
        with self.database.transaction():
            self._submit(name)

    def _submit(self, name: str) -> None:
        ask, now, day = self.database.all, self.session["now"], self.now.date().isoformat()
        who = ask(WHO, **self.session)[0]
        mine = {"dealer": self.actor.dealer_id, "user": self.actor.id, "user_name": who.name}
        lock = "" if self.database.kind == "sqlite" else " FOR UPDATE OF application"
        document = ask(DOCUMENT + lock, name=name, **mine)[0]
        lines = [
            {field: FORM[f"lines-{index}-{field}"] for field in ("part", *LINE_FIELDS)}
            for index in range(5)
        ]
        keys = ", ".join(f"'{line['part']}'" for line in lines)
        parts = {row.number: row for row in ask(PARTS.format(keys), today=day)}
        hours = (ask(HOURS, today=day) or [(24,)])[0][0]
        prefix = f"PA-{self.now.year}-{document.code}"
        number = f"{prefix}-{ask(NUMBER, prefix=prefix)[0][0]:05}"
        words = [number, document.code, document.dealer, FORM["contact"], *parts]
        mark = hashlib.sha256(json.dumps([document.event_hash, number]).encode()).hexdigest()
        due = self.database.instant(self.now + timedelta(hours=hours))
        shared = {"id": document.id, "now": now, "hash": mark, **mine}
        typed = json.dumps(FORM, ensure_ascii=False)
        text = " ".join(words + [line["serial"] for line in lines]).lower()
        ask(CHANGE, number=number, typed=typed, due=due, text=text, **shared, **HEAD)
        for position, line in enumerate(lines, start=1):
            ask(LINE, position=position, part_id=parts[line["part"]].id, **shared, **line)
        event = ask(EVENT, **shared)[0][0]
        for user in ask(TOLD, **mine):
            if "desk" in user.roles.split(","):
                ask(TELL, user_id=user.id, event=event, number=number)
