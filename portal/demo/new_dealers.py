"""Dealers that join in the month: they come by spreadsheet, and one of them is frozen for now."""

from sqlalchemy import select

from portal.catalogue.subjects import DEALER_LIST
from portal.core.db import session
from portal.demo.products import import_sheet
from portal.demo.stage import Script, Stage
from portal.people import services
from portal.people.models import Dealer
from portal.sheets.writing import write_xlsx

HEADINGS = (
    "经销商编号",
    "公司名称",
    "国家",
    "省份",
    "城市",
    "详细地址",
    "邮编",
    "联系人",
    "联系电话",
)
NEW = (
    (
        "D0301", "宁波甬清卫浴服务有限公司", "中国", "浙江省", "宁波", "鄞州区钱湖北路 412 号 105",
        "315100", "史海波", "0574-5550 8831",
    ),
    (
        "D0302", "青岛琴屿洁居服务有限公司", "中国", "山东省", "青岛", "市北区敦化路 119 号 2 层",
        "266034", "宫雪", "0532-5550 2276",
    ),
    (
        "D0303", "Instal-Morze Szczecin sp. z o.o.", "波兰", "zachodniopomorskie", "Szczecin",
        "ul. Gdańska 21", "70-661", "Łucja Żurawska", "+48 91 555 07 40",
    ),
)  # fmt: skip
FROZEN = "D0303"


def new_dealers(stage: Stage) -> Script:
    """The administrator takes them in some days before the end; one has not signed yet."""
    rng, hours = stage.rng("new dealers"), stage.hours["administrator"]
    now = hours.before(stage.end, 8, rng)
    yield now
    import_sheet(stage, DEALER_LIST, "新经销商.xlsx", write_xlsx(HEADINGS, NEW, "经销商"), now)
    now = hours.before(stage.end, 3, rng)
    yield now
    services.step_dealer(
        session.scalars(select(Dealer).where(Dealer.code == FROZEN)).one(),
        "freeze",
        seen=None,
        reason="The contract is not signed yet. Please send it back; then you can order.",
        by=stage.actors["administrator"],
        now=now,
    )
