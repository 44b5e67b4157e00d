"""The products of the invented maker and the spare parts of each, named in three languages.

The Polish product stands in the genitive: a part is *do* (for) it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    """A kind of product: what it is called behind a series' name, and its spare parts."""

    category: str
    name: str
    name_zh: str
    name_pl: str
    series: tuple[tuple[str, str, str], ...]
    types: "tuple[Type, ...]"


@dataclass(frozen=True)
class Type:
    """A kind of spare part; ``cost`` in yuan; ``fault`` names how it fails, if it does."""

    code: int
    name: str
    name_zh: str
    name_pl: str
    cost: float
    fault: str = ""
    unit: str = "pcs"
    returned: bool = True


_HOSE, _SEAL, _BOARD = "hose", "seal", "board"

TOILETS = Family(
    "Toilets", "toilet", "分体坐便器", "kompaktu WC",
    (("W310", "Liora", "丽澜"), ("W320", "Nerina", "妮然"), ("W330", "Solana", "朔岚")),
    (
        Type(101, "Fill valve", "进水阀", "Zawór napełniający", 38, "fill_valve"),
        Type(102, "Dual-flush valve 3/6 l", "双档排水阀", "Zawór spustowy 3/6 l", 56,
             "flush_valve"),
        Type(103, "Flush valve seal", "排水阀密封圈", "Uszczelka zaworu spustowego", 4.5, _SEAL,
             returned=False),
        Type(104, "Dual push button, chrome", "双按钮（镀铬）",
             "Podwójny przycisk spłukujący, chrom", 24),
        Type(105, "Soft-close seat, white", "缓降盖板（白色）", "Deska wolnoopadająca, biała", 118,
             "damper"),
        Type(106, "Soft-close dampers (pair)", "盖板阻尼器（一对）",
             "Amortyzatory deski (para)", 32, "damper", "pair"),
        Type(107, "Seat hinge set, stainless steel", "盖板不锈钢铰链套件",
             "Zestaw zawiasów deski, stal nierdzewna", 36, unit="set"),
        Type(108, "Seat buffer set", "座圈缓冲垫（4 只）", "Odbojniki deski (4 szt.)", 6,
             unit="set", returned=False),
        Type(109, "Tank bolt set", "水箱固定螺栓套件", "Zestaw śrub zbiornika", 12, unit="set",
             returned=False),
        Type(110, "Tank-to-bowl gasket", "水箱与座体密封垫", "Uszczelka między zbiornikiem a miską",
             9, _SEAL, returned=False),
        Type(111, "Outlet connector seal", "排污口密封圈", "Uszczelka króćca odpływowego", 11,
             _SEAL, returned=False),
        Type(112, "Floor fixing set", "地脚固定套件", "Zestaw mocowania do podłogi", 10,
             unit="set", returned=False),
        Type(113, "Braided inlet hose 400 mm", "编织进水软管 400 mm",
             "Wężyk przyłączeniowy w oplocie 400 mm", 16, _HOSE),
        Type(114, "Tank lid, white", "水箱盖（白色）", "Pokrywa zbiornika, biała", 86,
             returned=False),
    ),
)  # fmt: skip

SMART_TOILETS = Family(
    "Smart toilets", "smart toilet", "智能坐便器", "toalety myjącej",
    (("S510", "Ariela", "雅蕾"), ("S520", "Ondina", "昂迪")),
    (
        Type(201, "Spray nozzle assembly", "喷嘴组件", "Zespół dyszy natryskowej", 96, "nozzle"),
        Type(202, "Nozzle tip, rear wash", "臀洗喷头", "Końcówka dyszy, mycie ogólne", 14),
        Type(203, "Nozzle tip, front wash", "妇洗喷头", "Końcówka dyszy, mycie damskie", 14),
        Type(204, "Instantaneous heater 1.6 kW", "即热式加热器 1.6 kW",
             "Przepływowy podgrzewacz wody 1,6 kW", 168),
        Type(205, "Inlet solenoid valve", "进水电磁阀", "Elektrozawór wlotowy", 62, "solenoid"),
        Type(206, "Main control board", "主控制板", "Główna płyta sterująca", 245, _BOARD),
        Type(207, "Power supply board", "电源板", "Płytka zasilacza", 128, _BOARD),
        Type(208, "Heated seat", "加热座圈", "Podgrzewane siedzisko", 186),
        Type(209, "Seat temperature sensor", "座圈温度传感器", "Czujnik temperatury siedziska", 18),
        Type(210, "Warm-air dryer", "暖风烘干组件", "Suszarka ciepłego powietrza", 88),
        Type(211, "Deodoriser cartridge", "除臭滤芯", "Wkład neutralizujący zapachy", 22,
             returned=False),
        Type(212, "Water inlet filter", "进水过滤网", "Filtr siatkowy na wlocie wody", 9,
             returned=False),
        Type(213, "Booster pump 24 V", "增压泵 24 V", "Pompa podnosząca ciśnienie 24 V", 134,
             "pump"),
        Type(214, "Flow sensor", "流量传感器", "Czujnik przepływu", 35),
        Type(215, "Remote control", "遥控器", "Pilot", 98),
        Type(216, "Remote control wall bracket", "遥控器墙面支架", "Uchwyt ścienny pilota", 15,
             returned=False),
        Type(217, "Lid motor", "翻盖电机", "Silnik pokrywy", 116),
        Type(218, "Soft-close lid, white", "缓降上盖（白色）", "Pokrywa wolnoopadająca, biała",
             142),
        Type(219, "Side control panel", "侧边控制面板", "Boczny panel sterowania", 76),
        Type(220, "Proximity sensor", "人体感应器", "Czujnik zbliżeniowy", 54),
        Type(221, "Night light", "夜灯组件", "Lampka nocna", 21),
        Type(222, "Mains lead with RCD plug", "漏电保护电源线",
             "Przewód zasilający z wyłącznikiem różnicowoprądowym", 46),
        Type(223, "Inlet hose with T-piece", "三通进水软管", "Wężyk przyłączeniowy z trójnikiem",
             28, _HOSE),
        Type(224, "Mounting plate set", "安装底板套件", "Zestaw płyty montażowej", 32, unit="set",
             returned=False),
    ),
)  # fmt: skip

CISTERNS = Family(
    "Concealed cisterns", "concealed cistern", "隐藏式水箱", "spłuczki podtynkowej",
    (("C110", "Silva", "静泉"), ("C120", "Tacet", "静岚")),
    (
        Type(301, "Low-noise fill valve", "静音进水阀", "Cichy zawór napełniający", 45,
             "fill_valve"),
        Type(302, "Flush valve", "排水阀", "Zawór spustowy", 68, "flush_valve"),
        Type(303, "Flush valve seal", "排水阀密封圈", "Uszczelka zaworu spustowego", 5.5, _SEAL,
             returned=False),
        Type(304, "Actuator plate, white", "冲水面板（白色）", "Przycisk spłukujący, biały", 92),
        Type(305, "Actuator plate, matt chrome", "冲水面板（哑光铬）",
             "Przycisk spłukujący, chrom matowy", 128),
        Type(306, "Actuator plate, matt black", "冲水面板（哑光黑）",
             "Przycisk spłukujący, czarny matowy", 136),
        Type(307, "Actuator rod set", "按钮顶杆套件", "Zestaw popychaczy przycisku", 14,
             unit="set"),
        Type(308, "Stop valve with filter", "带滤网截止阀", "Zawór odcinający z filtrem", 26),
        Type(309, "Inner supply hose", "内置进水软管", "Wewnętrzny wężyk zasilający", 18, _HOSE),
        Type(310, "Flush pipe", "冲水管", "Rura spłukująca", 21, returned=False),
        Type(311, "Bowl connection set DN 90", "座体连接套件 DN 90",
             "Zestaw przyłączeniowy miski DN 90", 38, unit="set", returned=False),
        Type(312, "Mounting studs M12 (pair)", "M12 安装螺杆（一对）",
             "Szpilki montażowe M12 (para)", 19, unit="pair", returned=False),
    ),
)  # fmt: skip

BASIN_MIXERS = Family(
    "Basin mixers", "basin mixer", "面盆龙头", "baterii umywalkowej",
    (("F210", "Lumina", "流明"), ("F220", "Tessaly", "泰莎"), ("F230", "Quadrio", "方韵")),
    (
        Type(401, "Ceramic cartridge 35 mm", "35 mm 陶瓷阀芯", "Głowica ceramiczna 35 mm", 28,
             "cartridge"),
        Type(402, "Cartridge nut", "阀芯压盖", "Nakrętka dociskowa głowicy", 9, returned=False),
        Type(403, "Lever, chrome", "手柄（镀铬）", "Dźwignia, chrom", 35),
        Type(404, "Lever, brushed nickel", "手柄（拉丝镍）", "Dźwignia, nikiel szczotkowany", 44),
        Type(405, "Lever, matt black", "手柄（哑光黑）", "Dźwignia, czarny matowy", 42),
        Type(406, "Hot/cold index cap", "冷热标识帽", "Zaślepka dźwigni z oznaczeniem", 3,
             returned=False),
        Type(407, "Aerator M24×1, 5 l/min", "起泡器 M24×1", "Perlator M24×1, 5 l/min", 8,
             returned=False),
        Type(408, "Aerator key", "起泡器扳手", "Kluczyk perlatora", 2.5, returned=False),
        Type(409, "Mounting set", "安装固定套件", "Zestaw mocujący", 12, unit="set",
             returned=False),
        Type(410, "Connection hoses M10×1 (pair)", "进水软管 M10×1（一对）",
             "Wężyki przyłączeniowe M10×1 (para)", 24, _HOSE, "pair"),
        Type(411, "Pop-up waste, chrome", "提拉式下水器（镀铬）", "Korek automatyczny, chrom", 46),
        Type(412, "Push-button waste, chrome", "弹跳式下水器（镀铬）", "Korek klik-klak, chrom",
             38),
        Type(413, "Lift rod", "下水器提拉杆", "Cięgno korka automatycznego", 7, returned=False),
        Type(414, "Escutcheon", "底座装饰盖", "Rozeta", 11, returned=False),
    ),
)  # fmt: skip

KITCHEN_MIXERS = Family(
    "Kitchen mixers", "kitchen mixer", "厨房龙头", "baterii kuchennej",
    (("K410", "Vegara", "薇佳"), ("K420", "Pirello", "沛澜")),
    (
        Type(501, "Ceramic cartridge 40 mm", "40 mm 陶瓷阀芯", "Głowica ceramiczna 40 mm", 32,
             "cartridge"),
        Type(502, "Pull-out spray head, chrome", "抽拉喷头（镀铬）",
             "Wyciągana końcówka natryskowa, chrom", 88, "hand_shower"),
        Type(503, "Pull-out hose 1.5 m", "抽拉软管 1.5 m", "Wyciągany wąż 1,5 m", 42, _HOSE),
        Type(504, "Hose weight", "软管重锤", "Obciążnik węża", 9, returned=False),
        Type(505, "Swivel spout", "旋转出水管", "Wylewka obrotowa", 76),
        Type(506, "Spout seal set", "出水管密封圈套件", "Zestaw uszczelek wylewki", 6, _SEAL,
             "set", returned=False),
        Type(507, "Spray diverter", "出水切换阀", "Przełącznik strumienia", 19),
        Type(508, "Non-return valve", "止回阀", "Zawór zwrotny", 8),
        Type(509, "Lever, chrome", "手柄（镀铬）", "Dźwignia, chrom", 38),
        Type(510, "Swivel aerator", "万向起泡器", "Perlator obrotowy", 12, returned=False),
        Type(511, "Mounting set with brace", "带加强板安装套件",
             "Zestaw mocujący z płytką stabilizującą", 18, unit="set", returned=False),
        Type(512, "Connection hoses M10×1 (pair)", "进水软管 M10×1（一对）",
             "Wężyki przyłączeniowe M10×1 (para)", 24, _HOSE, "pair"),
    ),
)  # fmt: skip

SHOWERS = Family(
    "Shower systems", "shower system", "恒温淋浴器", "zestawu prysznicowego",
    (("T610", "Cascadia", "飞澜"), ("T620", "Fontane", "涌泉"), ("T630", "Pluvio", "时雨")),
    (
        Type(601, "Thermostatic cartridge", "恒温阀芯", "Głowica termostatyczna", 124,
             "thermostat"),
        Type(602, "Shut-off and diverter cartridge", "开关分水阀芯",
             "Głowica odcinająca z przełącznikiem", 58, "cartridge"),
        Type(603, "Temperature handle, chrome", "温度调节手柄（镀铬）",
             "Pokrętło temperatury, chrom", 36),
        Type(604, "Flow handle, chrome", "水量调节手柄（镀铬）", "Pokrętło przepływu, chrom", 34),
        Type(605, "Non-return valve set", "止回阀套件", "Zestaw zaworów zwrotnych", 22,
             unit="set"),
        Type(606, "Filter screen set", "过滤网套件", "Zestaw filtrów siatkowych", 6, unit="set",
             returned=False),
        Type(607, "Hand shower, three sprays", "三功能手持喷头",
             "Słuchawka prysznicowa, trzy strumienie", 64, "hand_shower"),
        Type(608, "Shower hose 1.75 m", "花洒软管 1.75 m", "Wąż prysznicowy 1,75 m", 32, _HOSE),
        Type(609, "Overhead shower 250 mm", "顶喷 250 mm", "Deszczownica 250 mm", 148,
             "hand_shower"),
        Type(610, "Riser pipe", "淋浴立管", "Rura pionowa", 96, returned=False),
        Type(611, "Hand shower slider", "手持喷头滑座", "Suwak uchwytu słuchawki", 27),
        Type(612, "Wall bracket", "墙面支架", "Wspornik ścienny", 24, returned=False),
        Type(613, "Eccentric unions (pair)", "偏心接头（一对）", "Mimośrody przyłączeniowe (para)",
             26, unit="pair", returned=False),
        Type(614, "Wall rosettes (pair)", "装饰盖（一对）", "Rozety ścienne (para)", 14,
             unit="pair", returned=False),
    ),
)  # fmt: skip

ENCLOSURES = Family(
    "Shower enclosures", "shower enclosure", "淋浴房", "kabiny prysznicowej",
    (("E710", "Claro", "清澄"), ("E720", "Sienna", "思恩")),
    (
        Type(701, "Upper door roller", "上滑轮", "Górna rolka drzwi", 16, "roller"),
        Type(702, "Lower door roller", "下滑轮", "Dolna rolka drzwi", 16, "roller"),
        Type(703, "Magnetic door seal 1.9 m", "门边磁性密封条 1.9 m",
             "Uszczelka magnetyczna drzwi 1,9 m", 42),
        Type(704, "Door bottom seal", "门底挡水条", "Dolna uszczelka drzwi", 24),
        Type(705, "Door handle, chrome", "拉手（镀铬）", "Uchwyt drzwi, chrom", 38),
        Type(706, "Door hinge", "门铰链", "Zawias drzwi", 74),
        Type(707, "Door guide", "移门导向块", "Prowadnik drzwi", 9, returned=False),
        Type(708, "Wall profile, silver", "靠墙型材（银色）", "Profil przyścienny, srebrny", 85,
             returned=False),
        Type(709, "Corner connector", "转角连接件", "Łącznik narożny", 12, returned=False),
        Type(710, "Screw caps (10)", "螺钉装饰帽（10 只）", "Zaślepki śrub (10 szt.)", 5,
             unit="set", returned=False),
        Type(711, "Tray waste 90 mm", "底盆下水器 90 mm", "Syfon brodzikowy 90 mm", 48),
        Type(712, "Stabiliser bar", "玻璃固定杆", "Drążek stabilizujący", 56, returned=False),
    ),
)  # fmt: skip

BATHS = Family(
    "Whirlpool baths", "whirlpool bath", "按摩浴缸", "wanny z hydromasażem",
    (("B810", "Lagunara", "澜湾"), ("B820", "Rilla", "溪岸")),
    (
        Type(801, "Circulation pump 0.75 kW", "循环水泵 0.75 kW", "Pompa obiegowa 0,75 kW", 420,
             "pump"),
        Type(802, "Air blower", "鼓风气泵", "Dmuchawa powietrza", 260),
        Type(803, "Adjustable jet", "可调按摩喷嘴", "Dysza regulowana", 28),
        Type(804, "Suction cover", "回水口盖", "Osłona otworu ssącego", 16, returned=False),
        Type(805, "Pneumatic button", "气动开关按钮", "Przycisk pneumatyczny", 22),
        Type(806, "Control unit", "控制器", "Sterownik", 320, _BOARD),
        Type(807, "Waste and overflow set", "溢水下水套件", "Zespół odpływowo-przelewowy", 94,
             unit="set"),
        Type(808, "Adjustable feet (set)", "可调支脚套件", "Zestaw regulowanych nóżek", 38,
             unit="set", returned=False),
        Type(809, "Apron clips (set)", "裙边固定夹套件", "Zestaw klipsów obudowy", 14, unit="set",
             returned=False),
        Type(810, "Underwater LED light", "水下 LED 灯", "Podwodna lampka LED", 86),
        Type(811, "Headrest", "头枕", "Zagłówek", 45, returned=False),
        Type(812, "Water level sensor", "水位传感器", "Czujnik poziomu wody", 38),
    ),
)  # fmt: skip

URINALS = Family(
    "Urinals", "sensor urinal", "感应小便器", "pisuaru z czujnikiem",
    (("U910", "Nodo", "诺朵"),),
    (
        Type(901, "Infrared sensor", "红外感应器", "Czujnik podczerwieni", 88),
        Type(902, "Solenoid valve 6 V", "电磁阀 6 V", "Elektrozawór 6 V", 56, "solenoid"),
        Type(903, "Battery box", "电池盒", "Pojemnik na baterie", 19),
        Type(904, "Power adapter 6 V", "电源适配器 6 V", "Zasilacz 6 V", 34),
        Type(905, "Inlet strainer", "进水过滤网", "Filtr siatkowy na wlocie", 6, returned=False),
        Type(906, "Outlet seal", "排水口密封圈", "Uszczelka odpływu", 8, _SEAL, returned=False),
        Type(907, "Horizontal trap", "横排存水弯", "Syfon poziomy", 42, returned=False),
        Type(908, "Wall fixing set", "挂墙固定套件", "Zestaw mocowania do ściany", 22, unit="set",
             returned=False),
    ),
)  # fmt: skip

FAMILIES = (
    TOILETS, SMART_TOILETS, CISTERNS, BASIN_MIXERS, KITCHEN_MIXERS, SHOWERS, ENCLOSURES, BATHS,
    URINALS,
)  # fmt: skip

UNIVERSAL = (
    Type(1, "Silicone grease for taps, 20 g", "阀门硅脂 20 g", "Smar silikonowy do armatury 20 g",
         12),
    Type(2, "PTFE sealing tape", "聚四氟乙烯生料带", "Taśma uszczelniająca PTFE", 3),
    Type(3, "Descaler for shower heads, 500 ml", "花洒除垢剂 500 mL",
         "Odkamieniacz do słuchawek prysznicowych 500 ml", 26),
    Type(4, "O-ring assortment", "O 形圈组合装", "Zestaw oringów", 35, unit="set"),
    Type(5, "Flat seals 1/2″ (10)", "1/2″ 平垫圈（10 只）", "Uszczelki płaskie 1/2″ (10 szt.)", 4,
         unit="set"),
    Type(6, "Flat seals 3/4″ (10)", "3/4″ 平垫圈（10 只）", "Uszczelki płaskie 3/4″ (10 szt.)", 5,
         unit="set"),
    Type(7, "Angle valve 1/2″ × 3/8″", "角阀 1/2″ × 3/8″", "Zawór kątowy 1/2″ × 3/8″", 24),
    Type(8, "Angle valve 1/2″ × 1/2″", "角阀 1/2″ × 1/2″", "Zawór kątowy 1/2″ × 1/2″", 26),
    Type(9, "Bottle trap, chrome", "瓶式存水弯（镀铬）", "Syfon butelkowy, chrom", 58),
    Type(10, "Space-saving basin trap", "省空间面盆存水弯", "Półsyfon umywalkowy", 44),
    Type(11, "Sanitary silicone, white, 280 ml", "防霉玻璃胶（白色）280 mL",
         "Silikon sanitarny, biały, 280 ml", 19),
    Type(12, "Cartridge spanner", "阀芯专用扳手", "Klucz do głowic", 48),
)  # fmt: skip

REPLACED = ("W310-101", "W320-101", "S510-205", "S510-206", "F210-401", "K410-503", "T610-601",
            "T620-601", "E710-701", "B810-801")  # fmt: skip
"""The parts that an improved one replaces from the second price list on."""

UNPRICED = ("S520-220", "T630-609", "B820-810")
"""Parts that have no price before the second price list."""
