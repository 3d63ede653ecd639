"""Code pages, locales and languages as HKLM's `Control\\Nls` lists them."""

from __future__ import annotations

CODE_PAGES = (
    37, 437, 500, 708, 709, 710, 720, 737, 775, 850, 852, 855, 857, 858, 860, 861, 862, 863, 864, 865, 866, 869, 870,
    874, 875, 932, 936, 949, 950, 1026, 1047, 1140, 1141, 1142, 1143, 1144, 1145, 1146, 1147, 1148, 1149, 1250, 1251,
    1252, 1253, 1254, 1255, 1256, 1257, 1258, 1361, 10000, 10001, 10002, 10003, 10004, 10005, 10006, 10007, 10008,
    10010, 10017, 10021, 10029, 10079, 10081, 10082, 20000, 20001, 20002, 20003, 20004, 20005, 20105, 20106, 20107,
    20108, 20127, 20261, 20269, 20273, 20277, 20278, 20280, 20284, 20285, 20290, 20297, 20420, 20423, 20424, 20833,
    20838, 20866, 20871, 20880, 20905, 20924, 20932, 20936, 20949, 21025, 21027, 21866, 28591, 28592, 28593, 28594,
    28595, 28596, 28597, 28598, 28599, 28603, 28605, 38598, 50220, 50221, 50222, 50225, 50227, 50229, 51949, 52936,
    54936, 55000, 55001, 55002, 55003, 55004, 57002, 57003, 57004, 57005, 57006, 57007, 57008, 57009, 57010, 57011,
    65000, 65001,
)  # fmt: skip

_ALGORITHMIC = {
    **dict.fromkeys(range(50220, 50230), "c_is2022.dll"),
    52936: "c_is2022.dll",
    54936: "c_g18030.dll",
    **dict.fromkeys(range(55000, 55005), "c_gsm7.dll"),
    **dict.fromkeys(range(57002, 57012), "c_iscii.dll"),
    65000: "",
    65001: "",
}


def code_page_file(page: int) -> str:
    """Return the file that `Nls\\CodePage` names for a code page."""
    return _ALGORITHMIC.get(page, f"c_{page:03d}.nls")


LOCALES = (
    (0x0401, "ar-SA"), (0x0402, "bg-BG"), (0x0403, "ca-ES"), (0x0404, "zh-TW"), (0x0405, "cs-CZ"), (0x0406, "da-DK"),
    (0x0407, "de-DE"), (0x0408, "el-GR"), (0x0409, "en-US"), (0x040A, "es-ES_tradnl"), (0x040B, "fi-FI"),
    (0x040C, "fr-FR"), (0x040D, "he-IL"), (0x040E, "hu-HU"), (0x040F, "is-IS"), (0x0410, "it-IT"), (0x0411, "ja-JP"),
    (0x0412, "ko-KR"), (0x0413, "nl-NL"), (0x0414, "nb-NO"), (0x0415, "pl-PL"), (0x0416, "pt-BR"), (0x0417, "rm-CH"),
    (0x0418, "ro-RO"), (0x0419, "ru-RU"), (0x041A, "hr-HR"), (0x041B, "sk-SK"), (0x041C, "sq-AL"), (0x041D, "sv-SE"),
    (0x041E, "th-TH"), (0x041F, "tr-TR"), (0x0420, "ur-PK"), (0x0421, "id-ID"), (0x0422, "uk-UA"), (0x0423, "be-BY"),
    (0x0424, "sl-SI"), (0x0425, "et-EE"), (0x0426, "lv-LV"), (0x0427, "lt-LT"), (0x0429, "fa-IR"), (0x042A, "vi-VN"),
    (0x042B, "hy-AM"), (0x042D, "eu-ES"), (0x042F, "mk-MK"), (0x0436, "af-ZA"), (0x0437, "ka-GE"), (0x0439, "hi-IN"),
    (0x043A, "mt-MT"), (0x043E, "ms-MY"), (0x043F, "kk-KZ"), (0x0441, "sw-KE"), (0x0445, "bn-IN"), (0x0446, "pa-IN"),
    (0x0447, "gu-IN"), (0x0449, "ta-IN"), (0x044A, "te-IN"), (0x044B, "kn-IN"), (0x044C, "ml-IN"), (0x044E, "mr-IN"),
    (0x0450, "mn-MN"), (0x0452, "cy-GB"), (0x0456, "gl-ES"), (0x0461, "ne-NP"), (0x0462, "fy-NL"), (0x046E, "lb-LU"),
    (0x0801, "ar-IQ"), (0x0804, "zh-CN"), (0x0807, "de-CH"), (0x0809, "en-GB"), (0x080A, "es-MX"), (0x080C, "fr-BE"),
    (0x0810, "it-CH"), (0x0813, "nl-BE"), (0x0814, "nn-NO"), (0x0816, "pt-PT"), (0x081D, "sv-FI"), (0x083C, "ga-IE"),
    (0x0C01, "ar-EG"), (0x0C04, "zh-HK"), (0x0C07, "de-AT"), (0x0C09, "en-AU"), (0x0C0A, "es-ES"), (0x0C0C, "fr-CA"),
    (0x1004, "zh-SG"), (0x1007, "de-LU"), (0x1009, "en-CA"), (0x100A, "es-GT"), (0x100C, "fr-CH"), (0x1404, "zh-MO"),
    (0x1407, "de-LI"), (0x1409, "en-NZ"), (0x140C, "fr-LU"), (0x1809, "en-IE"), (0x1C09, "en-ZA"), (0x200A, "es-VE"),
    (0x240A, "es-CO"), (0x280A, "es-PE"), (0x2C0A, "es-AR"), (0x340A, "es-CL"), (0x4009, "en-IN"), (0x4809, "en-SG"),
    (0x540A, "es-US"), (0x241A, "sr-Latn-RS"), (0x281A, "sr-Cyrl-RS"), (0x141A, "bs-Latn-BA"),
)  # fmt: skip
"""Locale identifiers and names."""

LANGUAGE_GROUPS = tuple(range(1, 0x12))
"""`Nls\\Language Groups`: all installed."""
