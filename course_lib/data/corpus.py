"""Sentences about a small made world, to learn word vectors from, with analogies planted in it."""

import random

COUNTRIES = {  # country: capital, language, river, food; only the first two are asked for
    "france": ("paris", "french", "seine", "cheese"),
    "germany": ("berlin", "german", "spree", "bread"),
    "spain": ("madrid", "spanish", "ebro", "olives"),
    "italy": ("rome", "italian", "tiber", "pasta"),
    "russia": ("moscow", "russian", "volga", "soup"),
    "japan": ("tokyo", "japanese", "sumida", "rice"),
    "greece": ("athens", "greek", "aegean", "wine"),
    "egypt": ("cairo", "arabic", "nile", "beans"),
    "hungary": ("budapest", "hungarian", "danube", "peppers"),
    "portugal": ("lisbon", "portuguese", "tagus", "fish"),
}
ADJECTIVES = {  # adjective: comparative, and two things that are so
    "big": ("bigger", "elephant", "whale"),
    "fast": ("faster", "rocket", "falcon"),
    "strong": ("stronger", "bull", "lion"),
    "cold": ("colder", "ice", "snow"),
    "hot": ("hotter", "fire", "sun"),
    "old": ("older", "temple", "fossil"),
    "tall": ("taller", "tower", "pine"),
    "heavy": ("heavier", "iron", "lead"),
    "bright": ("brighter", "lamp", "star"),
    "rich": ("richer", "banker", "merchant"),
}
ROLES = {  # man: woman, and two words of their place
    "king": ("queen", "crown", "throne"),
    "prince": ("princess", "castle", "horse"),
    "father": ("mother", "child", "home"),
    "actor": ("actress", "film", "stage"),
    "waiter": ("waitress", "menu", "restaurant"),
    "monk": ("nun", "prayer", "monastery"),
    "uncle": ("aunt", "nephew", "visit"),
    "duke": ("duchess", "manor", "hunt"),
}


def _analogies() -> tuple[tuple[str, str, str, str], ...]:
    found = []
    for table in (COUNTRIES, ADJECTIVES, ROLES):
        pairs = [(word, others[0]) for word, others in table.items()]
        found += [(*one, *other) for one in pairs for other in pairs if one != other]
    return tuple(found)


ANALOGIES = _analogies()  # (a, b, c, d): a is to b as c is to d, such as france, paris, japan, tokyo


def corpus(n: int = 5000, *, seed: int = 0) -> list[str]:
    """`n` short sentences in lower case, without punctuation, in random order.

    What two words of an analogy share stands near both (paris and france: french, the seine, cheese), what
    tells them apart stands near one (a city has streets, a country has a border), for all pairs alike. That
    is why b - a + c lands near d.
    Raises ValueError if n is not a positive whole number.
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ValueError(f"n must be a positive whole number, got {n!r}")
    rng = random.Random(seed)
    return [rng.choice((_of_a_country, _of_an_adjective, _of_a_role))(rng) for _ in range(n)]


def vocabulary() -> set[str]:
    """Every word of the corpus: with so many sentences each of them comes up."""
    return {word for sentence in corpus(20_000) for word in sentence.split()}


def _of_a_country(rng) -> str:
    country = rng.choice(list(COUNTRIES))
    capital, language, river, food = COUNTRIES[country]
    thing = rng.choice((f"speak {language}", f"swim in the {river}", f"eat {food}"))
    city = rng.choice(("streets", "station", "museum", "mayor"))
    land = rng.choice(("border", "army", "farmers", "mountains"))
    return rng.choice((
        f"{rng.choice(('citizens', 'crowds'))} in {capital} {thing}",
        f"{rng.choice(('villagers', 'farmers'))} in {country} {thing}",
        f"the {city} of {capital} {rng.choice(('was', 'is'))} crowded",
        f"the {land} of {country} {rng.choice(('was', 'is'))} wide",
        f"{capital} is the capital of {country}",
    ))


def _of_an_adjective(rng) -> str:
    adjective = rng.choice(list(ADJECTIVES))
    comparative, *things = ADJECTIVES[adjective]
    thing, other = rng.choice(things), rng.choice(("ours", "others", "before"))
    return rng.choice((
        f"the {thing} is {rng.choice(('very', 'so', 'too'))} {adjective}",
        f"such a {adjective} {thing}",
        f"the {thing} is {rng.choice(('much', 'even', 'still'))} {comparative} than {other}",
        f"a {comparative} {thing} than {other}",
    ))


def _of_a_role(rng) -> str:
    man = rng.choice(list(ROLES))
    woman, *things = ROLES[man]
    thing = rng.choice(things)
    return rng.choice((
        f"the {man} and his {thing}",
        f"he is a {man} with a {thing}",
        f"the man became a {man} for the {thing}",
        f"the {woman} and her {thing}",
        f"she is a {woman} with a {thing}",
        f"the woman became a {woman} for the {thing}",
    ))
