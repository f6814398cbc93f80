"""Teaches the extraction of data from a text as JSON of a given schema."""

import json

from conversation import Example, Turn
import words


def numbers(low, high):
    return lambda rng: rng.randint(low, high)


def of(choices):
    return lambda rng: rng.choice(choices)


def several(choices):
    return lambda rng: rng.sample(choices, rng.randint(1, 3))


def price(rng):
    return rng.randint(1, 99) + rng.choice((0.25, 0.5, 0.75, 0.99, 0.95))


# A field: its possible keys, the schema's type, its value, and how a text expresses it.
def field(keys, kind, value, *told):
    return {"keys": keys.split(), "kind": kind, "value": value, "told": told}


PERSON = [
    field("name full_name person customer", "string", words.first_name, "{v}"),
    field("age years age_in_years", "integer", numbers(4, 99), "{n} is {v} years old.", "{n} turned {v} this year."),
    field("city town location home", "string", words.city, "{n} lives in {v}.", "{n} comes from {v}."),
    field("country nation home_country", "string", of(words.COUNTRIES), "{n} was born in {v}.", "{n}'s family is from {v}."),
    field("job profession occupation", "string", of(words.JOBS), "{n} works as a {v}.", "By profession, {n} is a {v}."),
    field("hobbies interests likes", "list", several(words.SUBJECTS), "{n} likes {v}.", "{n}'s hobbies are {v}."),
    field("pet animal", "string", of(words.ANIMALS), "{n} has a {v} at home.", "{n} keeps a {v}."),
    field("married is_married", "boolean", of((True, False)), ("{n} is married.", "{n} is not married.")),
    field("favorite_color color", "string", of(words.COLORS), "{n}'s favorite color is {v}.", "{n} likes {v} best."),
]
ORDER = [
    field("product item article", "string", of(words.OBJECTS), "{v}"),
    field("quantity count amount", "integer", numbers(2, 60), "The order is for {v} of them.", "{v} pieces were ordered."),
    field("price cost unit_price", "number", price, "One costs {v} dollars.", "The price is {v} dollars."),
    field("color shade", "string", of(words.COLORS), "The color is {v}.", "It has to be {v}."),
    field("city destination ship_to", "string", words.city, "It is shipped to {v}.", "Please send it to {v}."),
    field("day delivery_day weekday", "string", of(words.DAYS), "It has to arrive on {v}.", "Delivery is on {v}."),
    field("paid is_paid", "boolean", of((True, False)), ("It is paid.", "It is not paid yet.")),
    field("size", "enum", of(("small", "medium", "large")), "The size is {v}.", "A {v} one, please."),
    field("customer buyer name", "string", words.first_name, "The customer is {v}.", "{v} ordered it."),
]
EVENT = [
    field("event title name", "string", of([s + " " + k for s in words.SUBJECTS for k in ("club", "evening", "course", "contest", "class")]), "{v}"),
    field("day weekday", "string", of(words.DAYS), "It takes place on {v}.", "It is on {v}."),
    field("month", "string", of(words.MONTHS), "It is held in {v}.", "The month is {v}."),
    field("place location venue", "string", of(words.PLACES), "People meet at the {v}.", "The place is the {v}."),
    field("city town", "string", words.city, "It is in {v}.", "The city is {v}."),
    field("guests participants attendees", "integer", numbers(3, 400), "{v} people come.", "There are {v} guests."),
    field("free is_free", "boolean", of((True, False)), ("Entry is free.", "Entry is not free.")),
    field("host organizer speaker", "string", words.first_name, "The host is {v}.", "{v} leads it."),
    field("price fee", "integer", numbers(1, 90), "A ticket is {v} dollars.", "The fee is {v} dollars."),
]
SUBJECTS = [
    (PERSON, ("This is about {v}.", "I met {v} yesterday.", "Let me tell you about {v}.", "{v} is new here.")),
    (ORDER, ("Somebody wants a {v}.", "We have an order for a {v}.", "The order is about a {v}.")),
    (EVENT, ("Come to the {v}!", "The {v} is back.", "This is about the {v}.")),
]
FRAMES = ["Extract the data as JSON that matches this schema:\n{s}\n\nText: {t}", "Text: {t}\n\nSchema: {s}\n\nAnswer with JSON only.",
          "{t}\n\nGive me this as JSON. The schema is:\n{s}", "Fill in this JSON schema from the text.\n{s}\n\n{t}",
          "Answer in JSON with this schema: {s}\n{t}", "Here is a JSON schema:\n{s}\nHere is a text:\n{t}\nWrite the JSON.",
          "Read the text and answer with a JSON object that follows the schema.\nText: {t}\nSchema: {s}"]
SYSTEM_FRAMES = ["Answer with JSON that matches this schema:\n{s}", "You extract data. Reply only with JSON of this schema:\n{s}",
                 "Reply in JSON. Schema: {s}"]
SCHEMA_TYPES = {"string": {"type": "string"}, "integer": {"type": "integer"}, "number": {"type": "number"}, "boolean": {"type": "boolean"},
                "list": {"type": "array", "items": {"type": "string"}}, "enum": {"type": "string", "enum": ["small", "medium", "large"]}}


def told(rng, item, name, value):
    if item["kind"] == "boolean":
        return item["told"][0][0 if value else 1].format(n=name)
    text = words.join(value) if item["kind"] == "list" else value
    return rng.choice(item["told"]).format(n=name, v=text)


def schema_of(rng, properties):
    schema = {"type": "object", "properties": properties}
    if rng.random() < 0.7:
        schema["required"] = list(properties)
    if rng.random() < 0.3:
        schema["additionalProperties"] = False
    roll = rng.random()
    if roll < 0.2:
        return json.dumps(schema, indent=2)
    return json.dumps(schema, separators=(",", ":")) if roll < 0.4 else json.dumps(schema)


def extract(rng):
    fields, openings = rng.choice(SUBJECTS)
    name = fields[0]["value"](rng)
    others = rng.sample(fields[1:], rng.randint(1, 5))
    values = [(item, item["value"](rng)) for item in others]
    text = " ".join([rng.choice(openings).format(v=name)] + [told(rng, item, name, value) for item, value in values])
    wanted = [(fields[0], name)] * (rng.random() < 0.85) + [pair for pair in values if rng.random() < 0.8]
    wanted = wanted or values[:1]
    if rng.random() < 0.5:
        rng.shuffle(wanted)
    properties, result = {}, {}
    for item, value in wanted:
        key = rng.choice(item["keys"])
        if key in properties:
            continue
        properties[key] = SCHEMA_TYPES[item["kind"]]
        result[key] = value
    schema = schema_of(rng, properties)
    check = {"kind": "json", "value": result}
    answer = json.dumps(result, ensure_ascii=False)
    if rng.random() < 0.25:
        system = rng.choice(SYSTEM_FRAMES).format(s=schema)
        return Example("extract", [Turn(text, answer)], text, check, system=system, joins=False)
    return Example("extract", [Turn(rng.choice(FRAMES).format(s=schema, t=text), answer)], text, check)
