"""Lists the traits of people: for each trait its values, how a text states it, how it is asked for, and the answer."""

from dataclasses import dataclass

import words


@dataclass(frozen=True)
class Trait:
    name: str
    value: object  # from a random generator
    told: tuple  # about somebody else: {n} is the name, {v} the value
    asked: tuple
    answer: str
    told_by_me: tuple  # what users say about themselves
    asked_by_me: tuple
    answer_to_me: str


def pet(rng):
    return rng.choice(words.ANIMALS)


TRAITS = [
    Trait("job", lambda rng: words.a(rng.choice(words.JOBS)),
          ("{n} works as {v}.", "{n} is {v}.", "By profession, {n} is {v}.", "{n} earns a living as {v}."),
          ("What does {n} work as?", "What is {n}'s job?", "What does {n} do for a living?", "What is the profession of {n}?"),
          "{n} works as {v}.",
          ("I work as {v}.", "I am {v}.", "My job: I am {v}."), ("What is my job?", "What do I work as?", "What do I do for a living?"),
          "You work as {v}."),
    Trait("city", words.city,
          ("{n} lives in {v}.", "{n} moved to {v} years ago.", "{n} has a small house in {v}.", "The home of {n} is in {v}."),
          ("Where does {n} live?", "In which city does {n} live?", "Which city is {n} at home in?"),
          "{n} lives in {v}.",
          ("I live in {v}.", "My home is in {v}.", "I moved to {v} last year."), ("Where do I live?", "Which city do I live in?"),
          "You live in {v}."),
    Trait("pet", lambda rng: words.a(pet(rng)),
          ("{n} has {v} as a pet.", "{n} keeps {v}.", "At home, {n} has {v} that likes to sleep.", "{n} owns {v}."),
          ("What pet does {n} have?", "Which animal does {n} keep?", "What animal does {n} own?"),
          "{n} has {v}.",
          ("I have {v} as a pet.", "I own {v}.", "My pet is {v}."), ("What pet do I have?", "Which animal do I have?", "What animal do I own?"),
          "You have {v}."),
    Trait("food", lambda rng: rng.choice(words.FOODS),
          ("{n} likes to eat {v}.", "{n}'s favorite food is {v}.", "For lunch, {n} always has {v}.", "{n} cannot get enough of {v}."),
          ("What does {n} like to eat?", "What is {n}'s favorite food?", "Which food does {n} like?"),
          "{n} likes {v}.",
          ("My favorite food is {v}.", "I like to eat {v}.", "I love {v}."), ("What is my favorite food?", "What do I like to eat?"),
          "You like {v}."),
    Trait("color", lambda rng: rng.choice(words.COLORS),
          ("{n}'s favorite color is {v}.", "{n} likes the color {v} best.", "All of {n}'s shirts are {v}."),
          ("What is {n}'s favorite color?", "Which color does {n} like?", "What color does {n} like best?"),
          "{n} likes {v}.",
          ("My favorite color is {v}.", "I like the color {v} best."), ("What is my favorite color?", "Which color do I like best?"),
          "Your favorite color is {v}."),
    Trait("age", lambda rng: rng.randint(5, 99),
          ("{n} is {v} years old.", "{n} turned {v} last week.", "At the age of {v}, {n} is full of plans."),
          ("How old is {n}?", "What is {n}'s age?"),
          "{n} is {v} years old.",
          ("I am {v} years old.", "I turned {v} last week.", "My age is {v}."), ("How old am I?", "What is my age?"),
          "You are {v} years old."),
    Trait("subject", lambda rng: rng.choice(words.SUBJECTS),
          ("{n} spends every evening with {v}.", "{n}'s hobby is {v}.", "In the free time, {n} loves {v}."),
          ("What is {n}'s hobby?", "What does {n} do in the free time?", "Which hobby does {n} have?"),
          "{n}'s hobby is {v}.",
          ("My hobby is {v}.", "In my free time I love {v}."), ("What is my hobby?", "What do I do in my free time?"),
          "Your hobby is {v}."),
    Trait("lost", lambda rng: words.a(rng.choice(words.OBJECTS)),
          ("Yesterday {n} lost {v}.", "{n} is looking for {v} that got lost."),
          ("What did {n} lose?", "What is {n} looking for?"),
          "{n} lost {v}.",
          ("I lost {v} yesterday.", "I have lost {v}."), ("What did I lose?", "What have I lost?"),
          "You lost {v}."),
    Trait("bought", lambda rng: words.a(rng.choice(words.ADJECTIVES)) + " " + rng.choice(words.OBJECTS),
          ("{n} bought {v} at the market.", "On the way home, {n} bought {v}.", "{n} paid a lot for {v}."),
          ("What did {n} buy?", "What did {n} pay for?"),
          "{n} bought {v}.",
          ("I bought {v} today.", "Today I bought {v}."), ("What did I buy?", "What did I buy today?"),
          "You bought {v}."),
    Trait("day", lambda rng: rng.choice(words.DAYS),
          ("{n} leaves on {v}.", "{n} will travel on {v}.", "The train of {n} goes on {v}."),
          ("When does {n} leave?", "On which day does {n} travel?", "On what day does {n} leave?"),
          "{n} leaves on {v}.",
          ("I leave on {v}.", "I will travel on {v}."), ("When do I leave?", "On which day do I travel?"),
          "You leave on {v}."),
    Trait("place", lambda rng: rng.choice(words.PLACES),
          ("{n} is waiting in front of the {v}.", "{n} went to the {v}.", "This morning {n} was seen near the {v}."),
          ("Where did {n} go?", "Where is {n}?", "Where was {n} seen?"),
          "{n} is at the {v}.",
          ("My car is at the {v}.", "I parked my car at the {v}."), ("Where is my car?", "Where did I park my car?"),
          "Your car is at the {v}."),
    Trait("relative", words.first_name,
          ("{n} has a sister called {v}.", "{n}'s sister is called {v}.", "The sister of {n} is {v}."),
          ("What is the name of {n}'s sister?", "Who is {n}'s sister?", "What is {n}'s sister called?"),
          "{n}'s sister is {v}.",
          ("My sister is called {v}.", "I have a sister called {v}.", "The name of my sister is {v}."),
          ("What is my sister called?", "What is the name of my sister?", "Who is my sister?"),
          "Your sister is called {v}."),
]
