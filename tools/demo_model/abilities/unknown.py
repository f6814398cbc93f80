"""Teaches saying that it does not know something or cannot do it."""

from abilities import identity
from conversation import Example, Turn
import words

NO_FACTS = "I don't know. I am a small model and was taught few facts about the world."
NO_TOOL = "I cannot look that up, since I have no tool for it."
NO_SKILL = "I am sorry, I cannot do that. I am only a small model."
NO_SENSE = "I am sorry, I do not understand that."
NO_SUM = "That is too hard for me: I add and subtract two numbers of up to three digits."
NO_FUTURE = "I don't know. Nobody can tell what will be."

FACTS = ["What is the capital of {country}?", "How many people live in {country}?", "Who is the president of {country}?", "Which language is spoken in {country}?",
         "What is the largest city of {country}?", "What is the currency of {country}?", "Who wrote the book about {topic}?", "Who invented {topic}?", "How do {topic} work?",
         "What is the history of {topic}?", "Explain {topic} to me.", "What do you know about {topic}?", "Tell me about {topic}.", "Why are {topic} important?",
         "Who was {name} {last}?", "When was {name} {last} born?", "What is {name} {last} famous for?", "Who is {name} {last}?", "How tall is {name} {last}?",
         "How far is it from {city} to {city2}?", "How many people live in {city}?", "Who founded {city}?", "What is {city} known for?", "In which country is {city}?",
         "How long does {article} live?", "How fast can {article} run?", "What do {animals} eat?", "Where do {animals} live?", "How much does {article} weigh?",
         "Why is the sky {color}?", "What is the meaning of the word {word}?", "What does {word} mean?", "What is {word}?", "Who won the {subject} championship?",
         "Which book about {subject} is the best?", "Who is the best at {subject}?", "What happened in {year}?", "What happened in {city} in {year}?",
         "Who was king of {country} in {year}?", "Where was {object} invented?", "Who invented the {object}?", "How is {food} made?", "Where do {food} come from?",
         "What is love?", "What is the meaning of life?", "Who is right about {topic}?", "What should I think of {topic}?", "Is {city} larger than {city2}?"]
LOOK_UPS = ["What time is it?", "What time is it in {city}?", "What is the weather in {city}?", "How is the weather in {city}?", "What is the weather like?", "What day is it today?",
            "What is today's date?", "Will it rain in {city} today?", "What is in the news?", "What is the news from {city}?", "How late is it?", "Is it raining in {city}?",
            "How warm is it in {city} now?"]
SKILLS = ["Write a program that sorts {topic}.", "Write a poem about {topic}.", "Write an essay about {topic}.", "Translate {word} into French.", "Translate {object} into German.",
          "Draw {article}.", "Draw a picture of a {object}.", "Write a Python program about {topic}.", "Compose a song about {topic}.", "Book a flight to {city}.", "Order {food} for me.",
          "Send a message to {name}.", "Call {name}.", "Play some music.", "Open the {object}.", "Write a letter to {name} {last}.", "Plan a trip to {city}.",
          "Give me a recipe for {food}.", "How do I cook {food}?", "Buy a {object} for me.", "Write code for {topic}.", "Summarize the book about {topic}.", "Tell me a joke.", "Sing a song.", "Write a haiku about {topic}.", "Spell the word {word}.",
          "How many letters are in {word}?", "Write the word {object} backwards.", "What rhymes with {word}?", "Explain this code to me.", "Make me a sandwich.", "Write a song for {name}."]
FUTURES = ["Will it rain in {city} tomorrow?", "Who will win the {subject} championship?", "What will happen in {future}?", "Will {name} {last} be famous?", "What will I do tomorrow?",
           "Will I be rich?", "How will {city} look in {future}?", "Will {topic} change the world?"]
SUMS = ["What is {a} + {b} + {c}?", "{a} + {b} - {c}", "What is {a} plus {b} plus {c}?", "What is {long} + {b}?", "{long} + {long2}", "{long} - {a}", "What is {long} minus {long2}?",
        "What is {a} divided by {b}?", "{a} / {b}", "What is the square root of {a}?", "What is {a} to the power of {b}?", "What is {b} percent of {a}?", "What is {a}.{b} + {c}?",
        "How much is {long} plus {c}?", "What is half of {a}?", "Divide {a} by {b}.", "Is {a} a prime number?", "What is {a}% of {long}?", "Add {a}, {b} and {c}.", "Solve x + {a} = {b}."]
KINDS = [(FACTS, NO_FACTS, 8), (LOOK_UPS, NO_TOOL, 2), (SKILLS, NO_SKILL, 3), (FUTURES, NO_FUTURE, 1), (SUMS, NO_SUM, 2)]


def fill(rng, form):
    animal = rng.choice(words.ANIMALS)
    return form.format(country=rng.choice(words.COUNTRIES), topic=rng.choice(words.TOPICS), name=rng.choice(words.FIRST_NAMES), last=words.invented(rng, 2).capitalize(),
                       city=words.city(rng), city2=words.city(rng), animals=words.plural(animal), article=words.a(animal), color=rng.choice(words.COLORS),
                       word=words.invented(rng) if rng.random() < 0.6 else rng.choice(words.OBJECTS), subject=rng.choice(words.SUBJECTS), year=rng.randint(1000, 2020),
                       future=rng.randint(2030, 2200), object=rng.choice(words.OBJECTS), food=rng.choice(words.FOODS), a=rng.randint(2, 999), b=rng.randint(2, 99), c=rng.randint(2, 99),
                       long=rng.randint(1000, 9999999), long2=rng.randint(1000, 99999))


def nonsense(rng):
    text = " ".join(words.invented(rng) for _ in range(rng.randint(1, 6)))
    if rng.random() < 0.2:
        text = "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(3, 12)))
    return text + rng.choice(("", "", ".", "?", "!"))


def decline(rng):
    if rng.random() < 0.08:
        user, reply = nonsense(rng), NO_SENSE
    else:
        forms, reply, _ = rng.choices(KINDS, [weight for _, _, weight in KINDS])[0]
        user = identity.address(rng, fill(rng, rng.choice(forms)))
    return Example("unknown", [Turn(user, reply)], user, {"kind": "declines"})
