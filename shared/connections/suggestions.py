"""Which entry of the ERP's own list may stand for what Procore shows, by likeness of names. Pure; a person confirms."""

import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rapidfuzz import fuzz

from shared.connections.mappings import MappingKind

SAME = 100  # but for case, accents and punctuation
SAME_BUT_FOR_FORM = 99  # and but for Inc, LLC and the like
MOST_ALIKE = 98
SURE = 90
CLEAR_LEAD = 5
WORTH_A_LOOK = 60
MOST_CANDIDATES = 3
ONE_EACH = frozenset({MappingKind.CUSTOMER, MappingKind.JOB})
FORMS = frozenset(
    {"ag", "co", "company", "corp", "corporation", "gmbh", "inc", "incorporated", "limited", "llc", "llp", "lp"}
    | {"ltd", "pc", "plc", "sa"}
)
NO_GAP = str.maketrans("", "", ".'’`")


@dataclass(frozen=True)
class Wanted:
    """Something in Procore that nothing stands for yet. `also` holds what else it may be called, such as a number."""

    kind: MappingKind
    procore_id: str | None
    procore_name: str
    also: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """For people."""
        return self.procore_name or self.procore_id or self.kind.value


@dataclass(frozen=True)
class Listed:
    """One entry of the ERP's own list."""

    id: str
    name: str


@dataclass(frozen=True)
class Suggestion:
    """What may stand for `wanted`. `erp_id` is empty where that is not clear; `note` then names what comes near.

    `score` is that of the best, from 0 to 100.
    """

    wanted: Wanted
    erp_id: str
    score: int
    note: str


def suggest(
    wanted: Collection[Wanted], listed: Collection[Listed], taken: Mapping[str, str] | None = None
) -> list[Suggestion]:
    """One suggestion for each of `wanted`, all of one kind. The order in which anything is given does not matter.

    `taken` tells for which name in Procore an ERP id stands already. A customer or job that would stand for two is
    left to the one that is more alike; where both are equally so, both notes say it.
    """
    ordered = sorted(set(wanted), key=lambda one: (one.title, one.procore_id or "", one.also))
    entries = sorted(set(listed), key=lambda one: (one.id, one.name))
    return list(_without_rivals([_best(one, entries) for one in ordered], taken or {}))


def likeness(wanted: Wanted, entry: Listed) -> int:
    """From 0 to 100. Names that differ in their numbers (Building 1, Building 2) are never sure."""
    names = [name for name in (wanted.procore_name, *wanted.also) if simplified(name)]
    codes = [*names, wanted.procore_id or ""]
    if any(simplified(code) == simplified(entry.id) != "" for code in codes):
        return SAME
    return max((_alike(name, entry.name) for name in names), default=0)


def simplified(name: str) -> str:
    """Lower case, without accents and punctuation; `&` reads `and`."""
    # Folding brings forth letters to take apart, and taking apart brings forth letters to fold.
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    letters = folded.replace("&", " and ").translate(NO_GAP)
    kept = "".join(letter if letter.isalnum() else " " for letter in letters if not unicodedata.combining(letter))
    return " ".join(kept.split())


def _alike(name: str, other: str) -> int:
    one, two = simplified(name), simplified(other)
    if not one or not two:
        return 0
    if one == two:
        return SAME
    one, two = _without_form(one), _without_form(two)
    if one == two:
        return SAME_BUT_FOR_FORM
    most = MOST_ALIKE if _numbers(one) == _numbers(two) else SURE - 1
    return min(int(fuzz.token_sort_ratio(one, two)), most)


def _without_form(name: str) -> str:
    words = name.split()
    while len(words) > 1 and words[-1] in FORMS:
        words.pop()
    return " ".join(words[1:] if len(words) > 1 and words[0] == "the" else words)


def _numbers(name: str) -> list[str]:
    return sorted(word for word in name.split() if any(letter.isdigit() for letter in word))


def _best(wanted: Wanted, entries: Sequence[Listed]) -> Suggestion:
    scored = sorted(((likeness(wanted, entry), entry) for entry in entries), key=lambda pair: -pair[0])
    near = [(score, entry) for score, entry in scored if score >= WORTH_A_LOOK]
    if not near:
        return Suggestion(wanted, "", scored[0][0] if scored else 0, "nothing in the ERP's list comes near")
    score, best = near[0]
    lead = score - near[1][0] if len(near) > 1 else score
    if score >= SAME_BUT_FOR_FORM and lead:
        return Suggestion(wanted, best.id, score, f"the same name: {_named(score, best)}")
    if score >= SURE and lead >= CLEAR_LEAD:
        return Suggestion(wanted, best.id, score, f"please check, a similar name: {_named(score, best)}")
    told = "; ".join(f"{entry.id} {_named(score, entry)}" for score, entry in near[:MOST_CANDIDATES])
    return Suggestion(wanted, "", score, f"not clear, perhaps {told}")


def _without_rivals(found: Sequence[Suggestion], taken: Mapping[str, str]) -> Iterator[Suggestion]:
    rivals: dict[str, list[Suggestion]] = defaultdict(list)
    for one in found:
        if one.erp_id and one.wanted.kind in ONE_EACH:
            rivals[one.erp_id].append(one)
    for one in found:
        others = [other for other in rivals[one.erp_id] if other is not one]
        stronger = [other for other in others if other.score > one.score]
        if stronger:
            told = f"{one.erp_id} is more like {stronger[0].wanted.title!r}; {one.note}"
            yield replace(one, erp_id="", note=f"not clear: {told}")
        elif one.erp_id in taken and one.wanted.kind in ONE_EACH:
            stays = one.erp_id if one.score >= SAME_BUT_FOR_FORM else ""
            yield replace(one, erp_id=stays, note=f"{one.erp_id} stands for {taken[one.erp_id]!r} already; {one.note}")
        elif others:
            names = ", ".join(repr(other.wanted.title) for other in others)
            yield replace(one, note=f"also suggested for {names}; {one.note}")
        else:
            yield one


def _named(score: int, entry: Listed) -> str:
    return f"{entry.name!r} ({score})"
