"""The words and phrasings that data/questions.py makes questions from.

{t} stands for the topic; another word in braces for any one of its SYNONYMS. Within a field, the phrasings of
different intents resemble one another on purpose, and those of one intent do not: a pair must be read.
"""

from course_lib.data.words import tokens

SYNONYMS = {
    "learn": ("learn", "study", "master"),
    "best": ("best", "ideal", "perfect"),
    "novice": ("amateur", "newcomer", "novice"),
    "teacher": ("teacher", "tutor", "instructor"),
    "job": ("job", "career", "profession"),
    "money": ("money", "cash"),
    "people": ("people", "folks", "persons"),
    "start": ("start", "begin"),
    "trip": ("trip", "journey", "holiday"),
    "cheap": ("cheap", "inexpensive"),
    "safe": ("safe", "secure"),
    "visit": ("visit", "see", "explore"),
    "buy": ("buy", "purchase", "get"),
    "fix": ("fix", "repair", "mend"),
    "broken": ("broken", "damaged", "faulty"),
    "kids": ("kids", "children"),
    "doctor": ("doctor", "physician"),
    "bad": ("bad", "harmful", "dangerous"),
    "good": ("good", "useful", "beneficial"),
    "stop": ("stop", "prevent", "avoid"),
    "cause": ("cause", "trigger", "produce"),
}

FRONTS = (  # what people write before a question
    "", "", "please tell me", "just a quick question", "hello all", "sorry if this was asked before",
    "my {friend} wants to know", "my {friend} and i argue about this", "a {friend} of mine has asked me",
    "for my {friend} in {month}", "i read something in {month}", "since {month} i ask myself",
)
BACKS = (  # and after it
    "", "", "these days", "in your opinion", "if i may ask", "in real life", "and what do you think",
    "thank you in advance", "says my {friend}", "my {friend} has no idea",
    "because of my {friend}", "as of {month}",
)
FILLERS = {
    "friend": (
        "brother", "sister", "uncle", "boss", "neighbor", "roommate", "cousin", "wife", "husband",
        "colleague",
    ),
    "month": ("january", "march", "april", "june", "august", "september", "october", "december"),
}

SKILLS = (
    ("guitar",), ("piano",), ("violin",), ("french",), ("spanish",), ("chinese", "mandarin"), ("arabic",),
    ("chess",), ("swimming",), ("programming", "coding"), ("math", "mathematics"), ("cooking",), ("drawing",),
    ("dancing",), ("yoga",), ("skiing",), ("physics",), ("photography",),
)
PLACES = (
    ("paris",), ("london",), ("india",), ("japan",), ("brazil",), ("egypt",), ("canada",), ("mexico",),
    ("australia",), ("turkey",), ("america", "usa"), ("italy",), ("kenya",), ("thailand",), ("norway",),
    ("berlin",),
)
THINGS = (
    ("laptop", "notebook"), ("phone", "telephone"), ("car", "automobile"), ("bicycle", "bike"), ("camera",),
    ("television", "tv"), ("watch",), ("printer",), ("motorcycle", "motorbike"), ("tablet",), ("boat",),
    ("guitar",), ("refrigerator",), ("sofa", "couch"), ("piano",), ("tractor",),
)
HABITS = (
    ("coffee",), ("sugar",), ("smoking", "cigarettes"), ("alcohol", "liquor"), ("running", "jogging"),
    ("milk",), ("meat",), ("chocolate",), ("stress",), ("salt",), ("tea",), ("fasting",), ("noise",),
    ("sunlight", "sunshine"), ("gaming",), ("yoga",),
)

FIELDS = {  # field -> topics, and intent -> phrasings: the n-th ones of two intents resemble each other
    "skill": (SKILLS, {
        "way": ("how do i {learn} {t}", "what is the {best} way for a {novice} to get into {t}",
                "where should i {start} with {t}", "which steps lead to progress in {t}"),
        "time": ("how long must i {learn} {t}", "what is the usual time for a {novice} to get into {t}",
                 "when should i see results with {t}", "how many months lead to progress in {t}"),
        "alone": ("can i {learn} {t} alone", "is it possible for a {novice} to get into {t} without help",
                  "should i do without a {teacher} with {t}",
                  "does it take no {teacher} to make progress in {t}"),
        "why": ("why do i {learn} {t}", "what is the reason for a {novice} to get into {t}",
                "what should i gain with {t}", "who profits from progress in {t}"),
        "why not": ("why do i not {learn} {t}", "what is the reason for a {novice} not to get into {t}",
                    "what should i lose with {t}", "who never profits from progress in {t}"),
        "job": ("which {job} can i find if i {learn} {t}", "how can a {novice} make {money} out of {t}",
                "should i apply for work with {t}", "what income follows progress in {t}"),
    }),
    "place": (PLACES, {
        "cost": ("how much {money} do i need to {visit} {t}", "is a {trip} to {t} {cheap}",
                 "what are the prices like in {t}", "can poor students afford some weeks in {t}"),
        "safety": ("how careful do i need to be to {visit} {t}", "is a {trip} to {t} {safe}",
                   "what are the crime and the police like in {t}",
                   "can visitors walk alone for some weeks in {t}"),
        "season": ("which month do i need to {visit} {t}", "when is a {trip} to {t} {best}",
                   "what are the weather and the seasons like in {t}",
                   "can tourists expect dry weeks in {t}"),
        "move": ("which papers do i need to live in {t}", "is a visa for {t} easy to obtain",
                 "what are the rules for foreigners like in {t}",
                 "can students work legally for some weeks in {t}"),
        "not safe": ("how careful do i not need to be to {visit} {t}", "is a {trip} to {t} not {safe}",
                     "what are the dangers and risks like in {t}",
                     "can visitors not walk alone for some weeks in {t}"),
    }),
    "thing": (THINGS, {
        "buy": ("which {t} should i {buy}", "what makes a {t} a wise choice", "how do i find the {best} {t}",
                "could you recommend a new {t}"),
        "sell": ("where should i sell my {t}", "what makes an old {t} worth {money}",
                 "how do i find buyers for my {t}",
                 "could you recommend a price for a used {t}"),
        "fix": ("how should i {fix} my {t}", "what makes a {broken} {t} work again",
                "who do i ask about a {broken} {t}",
                "could you recommend some help for a {t} with a fault"),
        "not buy": ("which {t} should i not {buy}", "what makes a {t} a poor choice",
                    "how do i find the worst {t}",
                    "could you warn me about a new {t}"),
        "made": ("which factory builds a {t}", "what makes the parts of a {t} fit together",
                 "how do engineers design the {best} {t}", "could you explain the inside of a {t}"),
    }),
    "habit": (HABITS, {
        "bad": ("is {t} {bad} for {kids}", "what damage does {t} do to young bodies",
                "does a {doctor} warn against {t}", "why should parents worry about {t}"),
        "good": ("is {t} {good} for {kids}", "what benefits does {t} bring to young bodies",
                 "does a {doctor} advise {t}", "why should parents welcome {t}"),
        "quit": ("how do {kids} {stop} {t}", "what helps young bodies to live without {t}",
                 "does a {doctor} help to give up {t}", "how should parents forbid {t}"),
        "sleep": ("does {t} {cause} poor sleep", "how does {t} change the night",
                  "why am i awake after {t}", "should {people} who lie awake blame {t}"),
        "no sleep": ("does no {t} {cause} poor sleep", "how does life without {t} change the night",
                     "why am i awake if not after {t}", "should {people} who lie awake not blame {t}"),
        "weight": ("does {t} {cause} weight loss", "how does {t} change the waist",
                   "why am i thinner after {t}", "should {people} who lose weight thank {t}"),
    }),
}

ORDER_FRAMES = (  # questions whose meaning changes when A and B change places
    "is a {A} {adjective} than a {B}", "why is the {A} {adjective} than the {B}",
    "can one {A} follow one {B}",
    "does the {A} need the {B}", "should a {A} come before a {B}", "did the {A} replace the {B}",
)
ADJECTIVES = ("faster", "older", "cheaper", "safer", "heavier", "better")
RIVALS = (
    "train", "bus", "car", "horse", "ship", "plane", "bicycle", "truck", "camel", "taxi", "tram", "boat",
)
MOVABLE = ("these days", "in your opinion", "in real life", "today", "in general", "at night", "in winter")


def vocabulary() -> set[str]:
    """Every word that a made question can hold."""
    texts = [*MOVABLE, *ADJECTIVES, *RIVALS]
    texts += [word for table in (SYNONYMS, FILLERS) for words in table.values() for word in words]
    texts += [name for topics, _ in FIELDS.values() for names in topics for name in names]
    slots = dict.fromkeys([*SYNONYMS, *FILLERS, "t", "A", "B", "adjective"], "")
    phrasings = [p for _, intents in FIELDS.values() for ps in intents.values() for p in ps]
    texts += [phrasing.format_map(slots) for phrasing in (*phrasings, *FRONTS, *BACKS, *ORDER_FRAMES)]
    return {word for text in texts for word in tokens(text)}
