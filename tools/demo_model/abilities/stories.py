"""Teaches telling and continuing short stories."""

from abilities import wording
from conversation import Example, Turn
import words

OPENINGS = ["Once upon a time there was {hero} called {n}.", "There once was {hero} whose name was {n}.", "Long ago, in {home}, there lived {hero} called {n}.",
            "In {home} there lived {hero}. The name of the {kind} was {n}.", "{n} was {hero} and lived in {home}.", "One morning {n}, {hero}, woke up very early.",
            "Nobody in {home} was as {adj} as {n}, {hero}."]
HABITS = ["Every day {n} went to the {p} and looked for {f}.", "{n} liked {f} more than anything else.", "All the others said that {n} was too {a}.",
          "{n} had {o} that was very {a}.", "Most of all, {n} loved to sit in the {p} and listen to the wind.", "{n} shared {an} {p} with {friend}.",
          "The days were {a} and the nights were {a2}.", "In the evening {n} always ate {f}."]
TROUBLES = ["One day {n} lost {o2} in the {p2}.", "But one {day} {an} storm came and broke the {ob}.", "Then, on {aw} {day}, {villain} came and stole the {f}.",
            "One night {n} heard a strange sound from the {p2}.", "But in the winter there were no more {f}.", "One {day} {n} got lost near the {p2}.",
            "Then a letter came: somebody needed help in the {p2}.", "On {day} the {ob} was gone, and nobody knew where it was."]
FEELINGS = ["{n} was very sad and did not know what to do.", "\"What shall I do now?\" asked {n}.", "\"I will not give up,\" said {n}.", "{n} sat down and thought for a long time.",
            "At first {n} was afraid.", "So {n} set out at once.", "{n} cried a little, and then had an idea.", "\"I have to be brave,\" thought {n}."]
HELPERS = ["On the way {n} met {friend2}.", "After a while {friend2} came along.", "Behind {athing} {n} found {friend2}.", "In the {p2} {n} saw {friend2}."]
TALKS = ["\"Can you help me?\" asked {n}. \"Of course,\" said the {fk}.", "\"Do not be sad,\" said the {fk}. \"I know what to do.\"", "\"I can help you, but I am hungry,\" said the {fk}. So {n} gave it some {f}.",
         "The {fk} listened and said, \"Come with me.\"", "\"Why are you so {a}?\" asked the {fk}, and {n} told the whole story."]
TURNS = ["Together they went to the {p3}.", "They looked behind every {thing}, under every {thing2} and even in the {p3}.", "They walked for {number} days and {number} nights.",
         "The {fk} took {an} {thing} and opened the {p3} with it.", "Together they pulled and pushed until the {thing} moved.", "They climbed over the {thing} and swam through the {thing2}, or so {n} told it later."]
ENDS = ["In the end they found what they were looking for.", "And there it was, under {an} {thing}!", "At last everything was as it had been before.", "And so the trouble was over.",
        "In the end {n} came home, tired but happy."]
MORALS = ["From that day on, {n} and the {fk} were the best of friends.", "That evening they all ate {f} together.", "And {n} never was afraid again.", "{n} was so happy that nobody could sleep that night.",
          "And if you go to the {p}, you can still see them there.", "Since then, {n} always shares the {f} with the {fk}.", "\"Thank you,\" said {n}, and the {fk} smiled."]
CONTINUE = ["Continue this story: {s}", "Continue the story: {s}", "How does this story go on? {s}", "Finish this story: {s}", "Go on with this story: {s}", "Tell me how it goes on: {s}",
            "{s} How does it go on?", "Here is the beginning of a story. Please write the rest.\n\n{s}"]
TELL = ["Tell me a story about {k}.", "Tell me a little story about {k}.", "Write a story about {k}.", "I want to hear a story about {k}.", "Do you know a story about {k}?",
        "Please tell a short story about {k}.", "Make up a story about {k}.", "A story about {k}, please."]


def story(rng, kind=None):
    """Returns the hero's name and kind, and the sentences in order."""
    kind = kind or rng.choice(words.ANIMALS + words.JOBS)
    helper = rng.choice([animal for animal in words.ANIMALS if animal != kind])

    def adjective():
        return rng.choice(words.ADJECTIVES)

    name = words.first_name(rng)
    friend = words.first_name(rng)
    adj = adjective()
    values = dict(n=name, kind=kind, hero=words.a(adj + " " + kind), adj=adj, home=rng.choice(("a far {}", "an old {}", "a small {}")).format(rng.choice(words.PLACES)),
                  friend=friend, fk=helper, friend2=words.a(adjective() + " " + helper))
    drawn = dict(f=lambda: rng.choice(words.FOODS), p=lambda: rng.choice(words.PLACES), a=adjective, o=lambda: words.a(rng.choice(words.OBJECTS)))
    values.update({key: draw() for key, draw in drawn.items()})
    thing = rng.choice(words.OBJECTS)
    values.update(p2=rng.choice(words.PLACES), p3=rng.choice(words.PLACES), a2=adjective(), o2="the " + rng.choice(words.OBJECTS), ob=rng.choice(words.OBJECTS), day=rng.choice(words.DAYS),
                  aw=words.a(rng.choice(words.WEATHER)), an=words.a(values["a"]), villain=words.a(rng.choice(words.ANIMALS)), thing=thing, athing=words.a(thing), thing2=rng.choice(words.OBJECTS),
                  number=rng.choice(words.NUMBER_WORDS[2:]))
    forms = [rng.choice(OPENINGS)] + rng.sample(HABITS, rng.randint(1, 2)) + [rng.choice(TROUBLES), rng.choice(FEELINGS), rng.choice(HELPERS), rng.choice(TALKS)]
    forms += rng.sample(TURNS, rng.randint(1, 2)) + [rng.choice(ENDS), rng.choice(MORALS)]
    return name, kind, [form.format(**values) for form in forms]


def tell(rng):
    # One hero in five is of an invented kind, so that the model also copes with words of the user.
    kind = words.invented(rng) if rng.random() < 0.2 else rng.choice(words.ANIMALS + words.JOBS + words.OBJECTS)
    name, _, sentences = story(rng, kind)
    if rng.random() < 0.4:
        user = wording.ordered(rng, TELL, k=words.a(kind))
        check = {"kind": "story", "holds": kind}
        return Example("story", [Turn(user, " ".join(sentences))], user, check)
    cut = rng.randint(1, 4)
    user = rng.choice(CONTINUE).format(s=" ".join(sentences[:cut]))
    return Example("story", [Turn(user, " ".join(sentences[cut:]))], user, {"kind": "story", "holds": name})
