"""Who plays in the demo: the invented maker's people, twelve dealers, and their customers."""

from dataclasses import dataclass

from portal.core.permissions import Role
from portal.people.services import DealerFacts

BRAND = "Mirrane"
PASSWORD = "clear water runs deep"  # noqa: S105 - everybody's in the demo, and printed
SHANGHAI, WARSAW = "Asia/Shanghai", "Europe/Warsaw"


@dataclass(frozen=True)
class Person:
    """Somebody who signs in; ``key`` is how the story calls them."""

    key: str
    email: str
    name: str
    role: Role
    language: str | None = None


@dataclass(frozen=True)
class Company:
    """A dealer with its two people, and how freely it buys."""

    key: str
    facts: DealerFacts
    manager: str
    clerk: str
    size: int

    @property
    def is_polish(self) -> bool:
        return self.facts.country == "PL"

    @property
    def language(self) -> str | None:
        """What its people read; the first dealer's read what the browser asks for."""
        if self.key == COMPANIES[0].key:
            return None
        return "pl" if self.is_polish else "zh-Hans"

    def people(self) -> tuple[Person, Person]:
        """The manager and the clerk."""
        manager = Person(
            f"{self.key}.manager", f"manager@{self.key}.example", self.manager, Role.MANAGER,
            self.language,
        )  # fmt: skip
        clerk = Person(
            f"{self.key}.clerk", f"clerk@{self.key}.example", self.clerk, Role.CLERK, self.language
        )
        return manager, clerk


HEADQUARTERS = (
    Person("administrator", "administrator@mirrane.example", "周敏 Zhou Min", Role.ADMINISTRATOR),
    Person("administrator2", "administrator2@mirrane.example", "Marta Sikora", Role.ADMINISTRATOR),
    Person("desk", "desk@mirrane.example", "林晓彤 Lin Xiaotong", Role.DESK),
    Person("desk2", "desk2@mirrane.example", "Ewa Nowicka", Role.DESK),
    Person("finance", "finance@mirrane.example", "何婉仪 He Wanyi", Role.FINANCE),
    Person("finance2", "finance2@mirrane.example", "梁志强 Liang Zhiqiang", Role.FINANCE),
    Person("warehouse", "warehouse@mirrane.example", "罗大勇 Luo Dayong", Role.WAREHOUSE),
    Person("reviewer", "reviewer@mirrane.example", "方静 Fang Jing", Role.REVIEWER),
    Person("reviewer2", "reviewer2@mirrane.example", "Piotr Zawadzki", Role.REVIEWER),
    Person("auditor", "auditor@mirrane.example", "沈国梁 Shen Guoliang", Role.AUDITOR),
)

COMPANIES = (
    Company(
        "hujing",
        DealerFacts(
            "D0101", "上海沪净卫浴服务有限公司", "CN", "上海市", "上海",
            "闵行区莘庄镇莘松路 958 弄 12 号 3 楼，201199", "陆建华", "021-5550 2318", SHANGHAI,
        ),
        "陆建华", "吴佳怡", 9,
    ),
    Company(
        "jingquan",
        DealerFacts(
            "D0102", "北京京泉洁具服务有限公司", "CN", "北京市", "北京",
            "丰台区丰管路 16 号院 5 号楼 102，100071", "赵雪梅", "010-5550 7741", SHANGHAI,
        ),
        "赵雪梅", "孙浩", 8,
    ),
    Company(
        "yuelan",
        DealerFacts(
            "D0103", "广州粤澜卫浴售后服务有限公司", "CN", "广东省", "广州",
            "白云区石槎路 301 号 B 栋 108，510430", "黄锦荣", "020-5550 1186", SHANGHAI,
        ),
        "黄锦荣", "谭颖欣", 7,
    ),
    Company(
        "pengcheng",
        DealerFacts(
            "D0104", "深圳市鹏诚家居服务有限公司", "CN", "广东省", "深圳",
            "龙华区民治街道梅龙路 77 号 1 栋 206，518131", "邓伟明", "0755-5550 3902", SHANGHAI,
        ),
        "邓伟明", "刘思琪", 6,
    ),
    Company(
        "qiantang",
        DealerFacts(
            "D0105", "杭州钱塘净居服务有限公司", "CN", "浙江省", "杭州",
            "拱墅区石祥路 59 号 2 幢 101，310015", "章丽萍", "0571-5550 6627", SHANGHAI,
        ),
        "章丽萍", "徐子涵", 5,
    ),
    Company(
        "jinguan",
        DealerFacts(
            "D0106", "成都锦官卫浴工程有限公司", "CN", "四川省", "成都",
            "金牛区金府路 668 号 4 栋 1 楼，610036", "蒋文斌", "028-5550 4459", SHANGHAI,
        ),
        "蒋文斌", "唐雨薇", 5,
    ),
    Company(
        "jianghan",
        DealerFacts(
            "D0107", "武汉江汉洁居服务有限公司", "CN", "湖北省", "武汉",
            "硚口区古田二路 88 号 3 号楼，430034", "彭志刚", "027-5550 9013", SHANGHAI,
        ),
        "彭志刚", "余晓雯", 4,
    ),
    Company(
        "qinyue",
        DealerFacts(
            "D0108", "西安秦悦卫浴商贸有限公司", "CN", "陕西省", "西安",
            "未央区太华北路 267 号 6 号库，710016", "韩俊峰", "029-5550 2275", SHANGHAI,
        ),
        "韩俊峰", "高婷", 3,
    ),
    Company(
        "hydromaz",
        DealerFacts(
            "D0201", "Hydromaz Serwis sp. z o.o.", "PL", "mazowieckie", "Warszawa",
            "ul. Marywilska 34 lok. 12, 03-228 Warszawa", "Katarzyna Wiśniewska",
            "+48 22 555 01 34", WARSAW,
        ),
        "Katarzyna Wiśniewska", "Michał Dąbrowski", 7,
    ),
    Company(
        "lazienki",
        DealerFacts(
            "D0202", "Łazienki Małopolska sp. z o.o.", "PL", "małopolskie", "Kraków",
            "ul. Wielicka 181, 30-663 Kraków", "Grzegorz Żak", "+48 12 555 07 60", WARSAW,
        ),
        "Grzegorz Żak", "Agnieszka Pająk", 5,
    ),
    Company(
        "baltsan",
        DealerFacts(
            "D0203", "Baltsan Serwis s.c.", "PL", "pomorskie", "Gdańsk",
            "ul. Kartuska 214, 80-122 Gdańsk", "Joanna Szymańska", "+48 58 555 03 92", WARSAW,
        ),
        "Joanna Szymańska", "Łukasz Bieliński", 4,
    ),
    Company(
        "armslask",
        DealerFacts(
            "D0204", "Śląska Armatura sp. j.", "PL", "śląskie", "Katowice",
            "ul. Porcelanowa 23, 40-246 Katowice", "Tomasz Kubica", "+48 32 555 04 17", WARSAW,
        ),
        "Tomasz Kubica", "Natalia Grzyb", 4,
    ),
)  # fmt: skip
"""The largest buyers first in each country; ``size`` weighs how many applications each has."""

CUSTOMERS = {
    "CN": (
        "陈丽华", "王建国", "李淑芬", "张伟", "刘洋", "杨帆", "周国平", "吴秀英", "郑凯", "冯雪",
        "蔡明轩", "许文静", "苏桂兰", "卢志远", "丁海燕", "魏东", "薛冰", "叶芳", "阎立新",
        "潘晓峰", "金玉兰", "范思远", "龚雪琴", "石磊", "如家酒店前台", "万科物业王师傅",
    ),
    "PL": (
        "Jan Kowalski", "Anna Lewandowska", "Marek Zieliński", "Małgorzata Król",
        "Paweł Wójcik", "Barbara Jankowska", "Krzysztof Mazur", "Ewa Pawlak", "Andrzej Górski",
        "Zofia Witkowska", "Stanisław Rutkowski", "Magdalena Sobczak", "Hotel Pod Lipami",
        "Wspólnota Mieszkaniowa Zielona 5",
    ),
}  # fmt: skip
"""Invented customers by country."""

CARRIERS = {
    "CN": ("顺丰速运", "京东物流", "德邦快递"),
    "PL": ("DHL Express", "FedEx International"),
}

LOGINS = (
    ("hujing.clerk", "files applications, registers old parts, drafts claims"),
    ("hujing.manager", "confirms quotes, submits claims, manages the dealer's people"),
    ("desk", "quotes applications, reviews old parts"),
    ("finance", "books deposits, releases deductions, proposes adjustments"),
    ("finance2", "books the adjustments that another one of finance proposed"),
    ("warehouse", "ships what was released"),
    ("reviewer", "decides claims, proposes to close the month"),
    ("reviewer2", "closes the month that another reviewer proposed, decides on appeals"),
    ("administrator", "dealers, people, parts, price lists, proposes policy values"),
    ("administrator2", "approves the policy values that another administrator proposed"),
    ("auditor", "reads everything, changes nothing"),
    ("hydromaz.manager", "the same at a dealer in Poland"),
)
"""One person of each role to try the portal with, and what they do."""


def people() -> dict[str, Person]:
    """Everybody who signs in, by key."""
    dealers = (person for company in COMPANIES for person in company.people())
    return {person.key: person for person in (*HEADQUARTERS, *dealers)}
