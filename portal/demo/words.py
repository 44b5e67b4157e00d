"""What people write to each other, in Chinese and in Polish."""

Said = tuple[str, str]

REMARKS: tuple[Said, ...] = (
    ("客户急用，请尽快安排。", "Pilne – klient czeka na naprawę."),
    ("请与本周其他配件合并发货。", "Proszę o wysyłkę razem z innymi częściami z tego tygodnia."),
    ("送货前请先电话联系。", "Proszę o telefon przed dostawą."),
)
TALKS: tuple[tuple[Said, Said], ...] = (
    (
        ("请问这单能不能提前发？客户家里有老人，用水不方便。",
         "Czy da się wysłać wcześniej? U klienta mieszka starsza osoba."),
        ("已和仓库确认，付款放行后当天出库。",
         "Ustaliłam z magazynem: wysyłka w dniu zwolnienia płatności."),
    ),
    (
        ("改进型和原来的安装尺寸一样吗？",
         "Czy nowsza wersja ma te same wymiary montażowe?"),
        ("尺寸一致，可以直接替换，不需要另配垫片。",
         "Tak, wymiary bez zmian, można wymienić bez dodatkowych podkładek."),
    ),
    (
        ("请问运费是按重量还是按件数计算的？",
         "Czy transport liczony jest od wagi, czy od liczby sztuk?"),
        ("按重量计费，同一天的订单可以合并。",
         "Od wagi; zamówienia z jednego dnia możemy połączyć."),
    ),
    (
        ("上次同款的阀芯到货时包装破了，这次麻烦加固一下。",
         "Poprzednio opakowanie było uszkodzone, proszę o solidniejsze zabezpieczenie."),
        ("好的，已备注加气泡袋和硬纸箱。",
         "Oczywiście, przesyłka zostanie zapakowana w karton z folią bąbelkową."),
    ),
)  # fmt: skip
WITHDRAWN: Said = (
    "客户决定整机更换，不再需要配件。",
    "Klient zdecydował się na wymianę całego urządzenia.",
)
REJECTED: Said = (
    "该产品购买已超过质保期，请按保外价格重新下单。",
    "Produkt jest już po gwarancji, prosimy o zamówienie w cenie pogwarancyjnej.",
)
RETURNED: Said = (
    "请补全第 1 行的故障描述，并核对产品序列号，系统里查不到这个号。",
    "Proszę uzupełnić opis usterki w pozycji 1 i sprawdzić numer seryjny – nie ma go w systemie.",
)
REQUOTED: Said = (
    "运费偏高，能否与另一单合并发货后重新报价？",
    "Transport wychodzi drogo – czy można połączyć z innym zamówieniem i wycenić ponownie?",
)
CANCELLED: Said = (
    "盘点发现该配件缺货，预计下月到货，本单先取消，款项已退回账户。",
    "Po inwentaryzacji brak tej części, dostawa w przyszłym miesiącu; anulujemy, środki wracają.",
)
CANCELLED_REST: Said = (
    "剩余数量已停产，不再补发，货款退回账户。",
    "Pozostałe sztuki wycofano z produkcji, nie wyślemy ich; kwota wraca na konto.",
)

MISSING: Said = (
    "清点少一件，外箱完好，可能是漏装。",
    "Brakuje jednej sztuki, karton nienaruszony; pewnie nie została zapakowana.",
)
DAMAGED: Said = (
    "开箱时发现一件已破损，照片附上，客户还在等。",
    "Po otwarciu jedna sztuka była uszkodzona, zdjęcie w załączeniu; klient czeka.",
)
SENT_AGAIN: Said = (
    "核对了发货录像，确为漏装，明天补发。",
    "Sprawdziliśmy nagranie z pakowania: sztuki nie włożono. Wyślemy ją jutro.",
)
REFUNDED: Said = (
    "库存已用完，破损的一件退款。",
    "Nie mamy już tej części na stanie, zwracamy kwotę za uszkodzoną sztukę.",
)

EXCUSED: Said = (
    "供应商模具检修，无货可发，已提前电话告知贵方。",
    "Dostawca naprawiał formę i części nie było; uprzedziliśmy o tym telefonicznie.",
)
OLD_PART_RETURNED: Said = (
    "照片上看不清旧件的批号，请补拍一张近照。",
    "Na zdjęciu nie widać numeru partii, proszę dodać zbliżenie.",
)
OLD_PART_REJECTED: dict[str, Said] = {
    "user_damage": (
        "旧件上有明显的管钳夹痕，属安装时人为损坏，不在质保范围内。",
        "Widoczne ślady klucza – uszkodzenie podczas montażu, nie obejmuje go gwarancja.",
    ),
    "out_of_warranty": (
        "按序列号查询，产品在故障日已过质保期。",
        "Według numeru seryjnego produkt był w dniu awarii po gwarancji.",
    ),
    "no_fault": (
        "照片和描述都看不出故障，漏水点应在软管接头。",
        "Zdjęcie i opis nie wskazują na usterkę tej części; przeciek raczej na wężyku.",
    ),
}
CLAIM_REMARK: Said = (
    "旧件已按批次装箱，随时可以寄回。",
    "Stare części są spakowane i gotowe do odesłania.",
)
LINE_REMARK: Said = (
    "同一客户第二次更换，请一并核实。",
    "Druga wymiana u tego samego klienta, proszę o weryfikację.",
)
REDUCED: Said = (
    "客户使用中有部分责任，按善意条款报销七成。",
    "Częściowa wina użytkownika – zwrot 70% w ramach gestu dobrej woli.",
)
LINE_REJECTED: Said = (
    "旧件照片与所申报的零件不符。",
    "Zdjęcie starej części nie odpowiada zgłoszonej pozycji.",
)
APPEALED: Said = (
    "补拍了裂口处的照片，可以看出是材料问题，不是客户使用造成的。",
    "Na nowym zdjęciu widać pęknięcie materiału: to nie jest wina użytkownika.",
)
APPEAL_GRANTED: Said = (
    "新照片能看清裂口，同意全额报销。",
    "Na nowym zdjęciu widać pęknięcie, zwracamy całość.",
)
CLAIM_RETURNED: Said = (
    "有一件重复安装在同一台产品上，请核对后重新提交。",
    "Jedna sztuka dotyczy dwa razy tego samego produktu, proszę sprawdzić i wysłać ponownie.",
)
COLLECTED = (
    "佛山市顺德区北滘镇工业大道 18 号，旧件仓库收",
    "请按箱粘贴装箱单；水龙头阀芯请单独用袋子包好。",
)
"""Where called pieces are sent to, and how they are packed."""
FAILED = "阀体内有生料带和硬物划痕，属安装不当造成。"
NOT_FAILED = "生料带是拆卸时带入的，安装照片见附件，请重新检验。"
SENT_ALL = "六件旧件都已装箱，装箱单上有签收人签字，请仓库再核对一次。"
