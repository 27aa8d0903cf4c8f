"""Other forms of an English word: singular and plural, British and American spelling.

Rules and small tables. A form that is no word does no harm, because only words of a library are
searched for. Knows words as `text_analysis` returns them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

LEAST = 3  # letters of a word that has a plural by rule

# Singular and plural, where no rule leads from one to the other.
_IRREGULAR: Final = """
analysis analyses|antenna antennae|appendix appendices|axe axes|axis axes|bacterium bacteria
base bases|basis bases|calf calves|child children|crisis crises|criterion criteria
dwarf dwarves|elf elves|foot feet|formula formulae|fungus fungi|genus genera|goose geese
half halves|hoof hooves|index indices|knife knives|larva larvae|leaf leaves|life lives
loaf loaves|louse lice|man men
matrix matrices|mouse mice|nebula nebulae|nucleus nuclei|oasis oases|ox oxen
person people|phenomenon phenomena|quiz quizzes|radius radii|scarf scarves|self selves
sheaf sheaves|shelf shelves|stimulus stimuli|stratum strata|thesis theses|thief thieves|tooth teeth
vertebra vertebrae|vertex vertices|vortex vortices|wharf wharves|wife wives|wolf wolves
woman women"""
_UNCHANGED: Final = frozenset({"news", "series", "species", "means"})
# The same at the end of compounds: fireman, bookshelf, eyetooth.
_COMPOUND: Final = ("man men", "woman women", "child children", "foot feet", "tooth teeth")
_COMPOUND_F: Final = ("knife knives", "shelf shelves", "wolf wolves", "leaf leaves", "life lives")

# British and American spelling: parts of words, with what is derived from them.
_PARTS: Final = """
aeroplan airplan|aesthet esthet|aluminium aluminum|anaem anem|analogue analog|anaesth anesth
archaeolog archeolog|ardour ardor|armour armor|artefact artifact|behaviour behavior|calibre caliber
catalogue catalog|centre center|chequer checker|colour color|cosy cozy|defence defense
dialogue dialog|doughnut donut|draught draft|encyclopaed encycloped|endeavour endeavor|enrol enroll
favour favor|fibre fiber|flavour flavor|foetus fetus|fulfil fulfill|glamour glamor|grey gray
gynaec gynec|haemo hemo|harbour harbor|honour honor|humour humor|jewellery jewelry|kerb curb
labour labor|licence license|litre liter|louvre louver|lustre luster|manoeuvr maneuver
mediaeval medieval|metre meter|mould mold|moustache mustache|neighbour neighbor|odour odor
offence offense|paediatr pediatr|palaeo paleo|parlour parlor|plough plow|practise practice
pretence pretense|programme program|pyjama pajama|rancour rancor|rigour rigor|rumour rumor
sabre saber|saviour savior|savour savor|sceptic skeptic|sceptre scepter|skilful skillful
smoulder smolder|sombre somber|spectre specter|splendour splendor|sulph sulf|theatre theater
tyre tire|valour valor|vapour vapor|vigour vigor|woollen woolen"""
_LEAST_PART: Final = 5  # letters of a part that is looked for inside words, not at the beginning

# Doubled before an ending by the British only: travelled, jeweller, modelling, marvellous.
_DOUBLED: Final = re.compile(r"(?<=[a-z]{3}[aeiou])(l{1,2})(ed|er|ers|ing|ings|ist|ous)")
# organise, analyze
_ISE: Final = re.compile(r"([a-z]{3,}[iy])([sz])(e|ed|er|ers|es|ing|ation|ations)")
_VOWELS: Final = "aeiou"
_SIBILANT: Final = ("s", "x", "z", "ch", "sh", "o")  # with -es in the plural
_NO_PLURAL: Final = ("ss", "us", "is")


def _pairs(table: str) -> list[tuple[str, str]]:
    """Return the pairs of a table, entries of two words between bars or line ends."""
    entries = (entry.split() for line in table.split("\n") for entry in line.split("|"))
    return [(entry[0], entry[1]) for entry in entries if entry]


def _both_ways(pairs: list[tuple[str, str]]) -> dict[str, str]:
    return dict(pairs) | {right: left for left, right in pairs}


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for left, right in pairs:
        grouped.setdefault(left, []).append(right)
    return grouped


_SINGULARS: Final = _grouped((plural, singular) for singular, plural in _pairs(_IRREGULAR))
_PLURALS: Final = _grouped(_pairs(_IRREGULAR))
_ENDINGS: Final = _both_ways(_pairs("|".join((*_COMPOUND, *_COMPOUND_F))))
_OTHER_PART: Final = _both_ways(_pairs(_PARTS))
_PART: Final = re.compile(
    "|".join(
        part if len(part) >= _LEAST_PART else f"^{part}"
        for part in sorted(_OTHER_PART, key=len, reverse=True)
    )
)
# Languages that are spelled with signs; they are indexed and searched by these names.
_OTHER_NAME: Final = _both_ways([("cpp", "cplusplus")])


@lru_cache(maxsize=4096)
def other_forms(word: str) -> tuple[str, ...]:
    """Return the other forms of a lowercase word, some of which may not exist."""
    if not word.isascii() or not word.isalpha():
        return ()
    spelled = dict.fromkeys([word, *_spellings(word)])
    forms = dict.fromkeys(spelled)
    for each in spelled:
        for number in _numbers(each):
            forms |= dict.fromkeys([number, *_spellings(number)])
    forms.pop(word)
    return tuple(forms)


def _spellings(word: str) -> list[str]:
    """Return the spellings of the other side of the Atlantic."""
    spellings = [_OTHER_NAME[word]] if word in _OTHER_NAME else []
    spellings += [
        word[: part.start()] + _OTHER_PART[part.group()] + word[part.end() :]
        for part in _PART.finditer(word)
    ]
    if ise := _ISE.fullmatch(word):
        stem, letter, end = ise.groups()
        spellings.append(f"{stem}{'z' if letter == 's' else 's'}{end}")
    if (doubled := _DOUBLED.search(word)) and doubled.end() == len(word):
        other = "l" if doubled[1] == "ll" else "ll"
        spellings.append(f"{word[: doubled.start()]}{other}{doubled[2]}")
    return spellings


def _numbers(word: str) -> list[str]:
    """Return the singular and the plural, as far as they are other words."""
    if word in _SINGULARS:
        return _SINGULARS[word]
    for ending, other in _ENDINGS.items():
        if word.endswith(ending):
            return [word.removesuffix(ending) + other]
    if len(word) < LEAST or word in _UNCHANGED:
        return []
    return [*_PLURALS.get(word, ()), *_plurals(word), *_singulars(word)]


def _plurals(word: str) -> list[str]:
    if word[-1] == "y" and word[-2] not in _VOWELS:
        return [f"{word[:-1]}ies"]
    plurals = [] if word[-1] in "sxz" else [f"{word}s"]
    return [*plurals, f"{word}es"] if word.endswith(_SIBILANT) else plurals


def _singulars(word: str) -> list[str]:
    if word[-1] != "s" or len(word) <= LEAST or word.endswith(_NO_PLURAL):
        return []
    if word.endswith("ies") and len(word) > LEAST + 1:
        return [f"{word[:-3]}y", word[:-1]]  # cities, movies
    singulars = [word[:-1]]
    if word.endswith("es") and word[:-2].endswith(_SIBILANT):
        singulars.append(word[:-2])
    return singulars
