"""How parts fail: what customers say, what mechanics find and do, in the dealers' two languages."""

from typing import NamedTuple


class Fault(NamedTuple):
    """One way to fail; each text in Chinese and in Polish."""

    code: str
    complaint: tuple[str, str]
    cause: tuple[str, str]
    remedy: tuple[str, str]


FAULTS: dict[str, tuple[Fault, ...]] = {
    "fill_valve": (
        Fault(
            "W-11",
            ("客户反映水箱一直上水，夜里能听到嘶嘶声。",
             "Zbiornik stale się napełnia, w nocy słychać szum wody."),
            ("进水阀膜片老化，水垢卡住阀芯，水位到了也关不住。",
             "Zużyta membrana, kamień blokuje grzybek zaworu w pozycji otwartej."),
            ("更换进水阀，清洗滤网，重新调节水位，试冲三次正常。",
             "Wymieniono zawór, oczyszczono filtr, ustawiono poziom wody; trzy próby bez uwag."),
        ),
        Fault(
            "W-12",
            ("冲水后要等十几分钟水箱才能上满。",
             "Po spłukaniu zbiornik napełnia się kilkanaście minut."),
            ("进水阀内部滤网和节流孔被铁锈堵死。",
             "Sitko i dysza wewnątrz zaworu całkowicie zatkane rdzą z instalacji."),
            ("更换进水阀，冲洗角阀和软管。",
             "Wymieniono zawór, przepłukano zawór kątowy i wężyk."),
        ),
    ),
    "flush_valve": (
        Fault(
            "W-21",
            ("马桶一直有细水流进便池，水费明显增加。",
             "Do miski stale cieknie woda, rachunki wyraźnie wzrosły."),
            ("排水阀导向柱开裂，密封面压不紧。",
             "Pęknięta prowadnica zaworu, uszczelka nie dolega do gniazda."),
            ("更换排水阀并清理阀座，色素测试两小时无渗漏。",
             "Wymieniono zawór spustowy, oczyszczono gniazdo; próba z barwnikiem 2 h szczelna."),
        ),
    ),
    "seal": (
        Fault(
            "W-31",
            ("密封处渗水，地面总是湿的。",
             "Przeciek przy uszczelce, podłoga stale mokra."),
            ("密封圈硬化变形，失去弹性。",
             "Uszczelka stwardniała i odkształciła się."),
            ("更换密封圈，清洁密封面，试水半小时不漏。",
             "Wymieniono uszczelkę, oczyszczono powierzchnie; po 30 min prób sucho."),
        ),
    ),
    "damper": (
        Fault(
            "W-41",
            ("盖板不再缓降，放手就砸下来，声音很大。",
             "Deska przestała opadać wolno, uderza o miskę."),
            ("阻尼器漏油，阻尼失效。",
             "Wyciek oleju z amortyzatora, brak tłumienia."),
            ("更换后开合二十次，缓降正常。",
             "Po wymianie 20 cykli zamknięcia bez uwag."),
        ),
    ),
    "nozzle": (
        Fault(
            "S-11",
            ("清洗时喷嘴不伸出来，有咔咔的响声。",
             "Dysza nie wysuwa się, słychać trzaski."),
            ("喷嘴滑轨结垢，齿条崩齿，电机空转。",
             "Kamień na prowadnicy, wyłamane zęby listwy, silnik obraca się jałowo."),
            ("更换喷嘴组件，执行自清洁，臀洗妇洗均正常。",
             "Wymieniono zespół dyszy, wykonano samoczyszczenie, oba tryby działają."),
        ),
    ),
    "solenoid": (
        Fault(
            "S-21",
            ("关闭后一直有水滴出来。",
             "Po wyłączeniu woda nadal kapie."),
            ("电磁阀阀芯被异物顶住，线圈电阻正常。",
             "Zanieczyszczenie pod grzybkiem elektrozaworu; rezystancja cewki prawidłowa."),
            ("更换电磁阀，加装进水过滤网。",
             "Wymieniono elektrozawór, założono filtr na dopływie."),
        ),
        Fault(
            "S-22",
            ("按键有反应，但是不出水。",
             "Przyciski reagują, ale woda nie płynie."),
            ("电磁阀线圈断路，测得电阻无穷大。",
             "Przerwa w cewce elektrozaworu, rezystancja nieskończona."),
            ("更换电磁阀，通电试用十分钟正常。",
             "Wymieniono elektrozawór, próba działania 10 min poprawna."),
        ),
    ),
    "board": (
        Fault(
            "S-31",
            ("通电后没有任何反应，断电重启也不行。",
             "Urządzenie nie reaguje, ponowne podłączenie zasilania nie pomaga."),
            ("控制板受潮，电源部分烧黑。",
             "Zawilgocona płyta, ślady przepalenia w części zasilającej."),
            ("更换控制板，密封走线口，整机检测正常。",
             "Wymieniono płytę, uszczelniono przepust; test urządzenia poprawny."),
        ),
    ),
    "pump": (
        Fault(
            "B-11",
            ("启动后嗡嗡响，没有水流。",
             "Po włączeniu buczy, brak przepływu."),
            ("轴承锈死，叶轮卡住，热保护动作。",
             "Zatarte łożysko, wirnik zablokowany, zadziałało zabezpieczenie termiczne."),
            ("更换水泵，清理回水口毛发，运行二十分钟正常。",
             "Wymieniono pompę, oczyszczono ssanie; 20 min pracy bez uwag."),
        ),
    ),
    "cartridge": (
        Fault(
            "F-11",
            ("龙头关紧后仍然滴水，每分钟约二十滴。",
             "Bateria kapie po zamknięciu, ok. 20 kropli na minutę."),
            ("陶瓷片有划痕，密封面损坏。",
             "Zarysowane płytki ceramiczne, uszkodzona powierzchnia uszczelniająca."),
            ("更换陶瓷阀芯，冲洗管路，0.6 MPa 保压不漏。",
             "Wymieniono głowicę, przepłukano instalację, próba 6 bar szczelna."),
        ),
        Fault(
            "F-12",
            ("手柄很紧，冷热水转换困难。",
             "Dźwignia chodzi bardzo ciężko, trudno ustawić temperaturę."),
            ("阀芯内结垢，润滑脂流失。",
             "Osad kamienia w głowicy, wypłukany smar."),
            ("更换阀芯并涂硅脂，手感恢复。",
             "Wymieniono głowicę, nasmarowano; lekki chód."),
        ),
    ),
    "thermostat": (
        Fault(
            "T-11",
            ("水温忽冷忽热，38 ℃ 档位出来是凉水。",
             "Temperatura skacze, przy nastawie 38 °C leci zimna woda."),
            ("恒温感温元件失效，热水侧滤网堵塞。",
             "Uszkodzony element termostatyczny, zatkane sitko po stronie ciepłej."),
            ("更换恒温阀芯，清洗滤网，校准 38 ℃。",
             "Wymieniono głowicę, oczyszczono sitka, skalibrowano 38 °C."),
        ),
    ),
    "hose": (
        Fault(
            "F-21",
            ("柜子里有水，软管接头处渗漏。",
             "Woda w szafce, przeciek przy końcówce węża."),
            ("软管压接套处锈蚀，内管破裂。",
             "Korozja tulei zaciskowej, pęknięty wąż wewnętrzny."),
            ("更换软管和垫圈，保压检查不漏。",
             "Wymieniono wąż i uszczelki, próba szczelności pozytywna."),
        ),
    ),
    "hand_shower": (
        Fault(
            "T-21",
            ("花洒喷水歪斜，接缝处往外漏水。",
             "Strumień na boki, woda wycieka na łączeniu."),
            ("面盖焊缝开裂，出水孔结垢。",
             "Pęknięty zgrzew korpusu, zakamienione otwory."),
            ("更换喷头，告知客户定期除垢。",
             "Wymieniono element, pouczono klienta o odkamienianiu."),
        ),
    ),
    "roller": (
        Fault(
            "E-11",
            ("淋浴房移门推不动，有时会脱轨。",
             "Drzwi kabiny chodzą ciężko i wypadają z prowadnicy."),
            ("滑轮轴承生锈，轮面磨损偏心。",
             "Skorodowane łożysko rolki, zużyta bieżnia."),
            ("更换滑轮，调整门扇高度，推拉顺畅。",
             "Wymieniono rolkę, wyregulowano drzwi; przesuw płynny."),
        ),
    ),
}  # fmt: skip
"""By the kind of part; the pictures know the same kinds."""
