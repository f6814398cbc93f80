"""Teaches addition, subtraction, comparison and the times table, with reasoning if it is asked for."""

from abilities import wording
from conversation import Example, Turn
import words

PLUS = ["What is {a} plus {b}?", "What is {a} + {b}?", "What's {a} plus {b}?", "What's {a} + {b}?", "{a}+{b}", "{a} + {b}",
        "{a} + {b} = ?", "{a} + {b} =", "{a}+{b}=", "{a} plus {b}", "Add {a} and {b}.", "Add {b} to {a}.", "How much is {a} plus {b}?",
        "How much is {a} + {b}?", "Calculate {a} + {b}.", "Compute {a} plus {b}.", "What is the sum of {a} and {b}?",
        "What do you get when you add {a} and {b}?", "How much is {a} and {b}?", "Tell me what {a} plus {b} is.",
        "What does {a} + {b} make?", "Give me the sum of {a} and {b}.", "{a} plus {b}?", "{a}+{b}?", "{a} + {b}?",
        "What is {a}+{b}?", "What would {a} plus {b} be?", "Can you add {a} and {b}?", "Can you add {a} to {b}?"]
MINUS = ["What is {a} minus {b}?", "What is {a} - {b}?", "What's {a} minus {b}?", "What's {a} - {b}?", "{a}-{b}", "{a} - {b}",
         "{a} - {b} = ?", "{a} - {b} =", "{a}-{b}=", "{a} minus {b}", "Subtract {b} from {a}.", "Take {b} away from {a}.",
         "How much is {a} minus {b}?", "How much is {a} - {b}?", "Calculate {a} - {b}.", "Compute {a} minus {b}.",
         "What is the difference when you take {b} from {a}?", "What is left of {a} when you take away {b}?",
         "Tell me what {a} minus {b} is.", "{a} minus {b}?", "{a}-{b}?", "{a} - {b}?", "What is {a}-{b}?",
         "Can you subtract {b} from {a}?"]
TIMES = ["What is {a} times {b}?", "What is {a} * {b}?", "{a} * {b}", "{a}*{b}", "{a} x {b}", "How much is {a} times {b}?",
         "Multiply {a} by {b}.", "What's {a} times {b}?", "Calculate {a} * {b}.", "What is the product of {a} and {b}?"]
LARGER = ["Which is larger, {a} or {b}?", "Which number is bigger, {a} or {b}?", "What is more, {a} or {b}?",
          "Which is greater: {a} or {b}?", "Is {a} or {b} larger?", "What is bigger, {a} or {b}?", "What is larger, {a} or {b}?",
          "Compare {a} and {b}.", "Compare {a} with {b}.", "Which of {a} and {b} is the larger number?"]
SMALLER = ["Which is smaller, {a} or {b}?", "Which number is smaller, {a} or {b}?", "What is less, {a} or {b}?",
           "Which is less: {a} or {b}?", "Is {a} or {b} smaller?", "Which of {a} and {b} is the smaller number?"]
IS_LARGER = ["Is {a} larger than {b}?", "Is {a} greater than {b}?", "Is {a} bigger than {b}?", "Is {a} more than {b}?", "{a} > {b}?"]
IS_SMALLER = ["Is {a} smaller than {b}?", "Is {a} less than {b}?", "{a} < {b}?", "Is {a} lower than {b}?"]
ASK_TO_THINK = ["{q} Think first.", "{q} Think step by step.", "Think first: {q}", "Think step by step. {q}", "{q} Show how you think.",
                "{q} Please think before you answer."]
PLACES = ["Ones", "Tens", "Hundreds", "Thousands"]


def number(rng):
    digits = rng.choices((1, 2, 3), (10, 50, 40))[0]
    if digits == 1:
        return rng.randint(0, 9)
    return rng.randint(10, 99) if digits == 2 else rng.randint(100, 999)


def two_digits(rng):
    return rng.randint(10, 99)


def written(rng, *numbers):
    """Writes the numbers in digits, or all of them in words."""
    if max(numbers) < 100 and rng.random() < 0.08:
        return [words.number_in_words(number) for number in numbers]
    return numbers


def think_of_sum(a, b):
    lines, carry, place = [], 0, 0
    while a or b or not lines:
        x, y = a % 10, b % 10
        total = x + y + carry
        line = f"{PLACES[place]}: {x} + {y}" + (f" + {carry}" if carry else "") + f" = {total}, write {total % 10}"
        carry = total // 10
        lines.append(line + (f", carry {carry}." if carry else "."))
        a, b, place = a // 10, b // 10, place + 1
    if carry:
        lines.append(f"{PLACES[place]}: write {carry}.")
    return "\n".join(lines)


def think_of_difference(a, b):
    if a < b:
        return f"{a} is less than {b}, so the result is negative.\n" + think_of_difference(b, a)
    lines, borrow, place = [], 0, 0
    while a or b or not lines:
        x, y = a % 10, b % 10
        taken = y + borrow
        text = f"{PLACES[place]}: {x} - {y}" + (f" - {borrow}" if borrow else "")
        if x < taken:
            lines.append(f"{text}, borrow: {x + 10} - {taken} = {x + 10 - taken}, write {x + 10 - taken}.")
            borrow = 1
        else:
            lines.append(f"{text} = {x - taken}, write {x - taken}.")
            borrow = 0
        a, b, place = a // 10, b // 10, place + 1
    return "\n".join(lines)


def one_turn(ability, question, answer, key, contains, reasoning=""):
    return Example(ability, [Turn(question, answer, reasoning)], key, {"kind": "number", "number": contains})


def add(rng):
    a, b = number(rng), number(rng)
    key = f"{min(a, b)}+{max(a, b)}"
    if rng.random() < 0.15:
        return add_in_words(rng, a, b, key)
    shown_a, shown_b = written(rng, a, b)
    return one_turn("add", wording.asked(rng, PLUS, a=shown_a, b=shown_b), f"{a} plus {b} is {a + b}.", key, a + b, think_of_sum(a, b))


def add_in_words(rng, a, b, key):
    a, b = a + 2, b + 2
    key = f"{min(a, b)}+{max(a, b)}"
    name, thing = words.first_name(rng), words.plural(rng.choice(words.OBJECTS))
    form = rng.choice([
        ("{name} has {a} {thing} and gets {b} more. How many {thing} does {name} have now?", "{name} has {c} {thing}."),
        ("There are {a} {thing} on the table and {b} on the floor. How many {thing} are there?", "There are {c} {thing}."),
        ("{name} buys {a} {thing} on Monday and {b} on Tuesday. How many {thing} is that?", "That is {c} {thing}."),
    ])
    values = dict(name=name, a=a, b=b, thing=thing, c=a + b)
    return one_turn("add", form[0].format(**values), form[1].format(**values), key, a + b, think_of_sum(a, b))


def subtract(rng):
    a, b = number(rng), number(rng)
    if a < b and rng.random() < 0.8:
        a, b = b, a
    if a >= b and rng.random() < 0.15:
        return subtract_in_words(rng, a, b)
    answer = f"{a} minus {b} is {a - b}."
    shown_a, shown_b = written(rng, a, b)
    return one_turn("subtract", wording.asked(rng, MINUS, a=shown_a, b=shown_b), answer, f"{a}-{b}", a - b, think_of_difference(a, b))


def subtract_in_words(rng, a, b):
    a, b = a + 4, b + 2
    name, thing = words.first_name(rng), words.plural(rng.choice(words.OBJECTS))
    form = rng.choice([
        ("{name} has {a} {thing} and gives away {b}. How many {thing} are left?", "{c} {thing} are left."),
        ("There are {a} {thing} in the box. {name} takes {b} out. How many {thing} are left?", "{c} {thing} are left."),
        ("{name} had {a} {thing} and lost {b} of them. How many {thing} does {name} have now?", "{name} has {c} {thing}."),
    ])
    values = dict(name=name, a=a, b=b, thing=thing, c=a - b)
    return one_turn("subtract", form[0].format(**values), form[1].format(**values), f"{a}-{b}", a - b, think_of_difference(a, b))


def close_pair(rng):
    """Returns two numbers, which usually differ only a little."""
    a = number(rng)
    roll = rng.random()
    if roll < 0.3:
        b = max(0, a + rng.choice((-10, -9, -2, -1, 1, 2, 9, 10, 100)))
    elif roll < 0.4:
        b = int(str(a)[::-1])
    elif roll < 0.45:
        b = a
    else:
        b = number(rng)
    return a, b


def compare(rng):
    a, b = close_pair(rng)
    key = f"{a},{b}"
    more = rng.random() < 0.5
    if rng.random() < 0.4:
        question = wording.asked(rng, IS_LARGER if more else IS_SMALLER, a=a, b=b)
        relation = "larger than" if a > b else "smaller than" if a < b else "equal to"
        yes = a > b if more else a < b
        answer = f"{'Yes' if yes else 'No'}, {a} is {relation} {b}."
    else:
        question = wording.asked(rng, LARGER if more else SMALLER, a=a, b=b)
        high, low = max(a, b), min(a, b)
        answer = f"{high} is larger than {low}." if more else f"{low} is smaller than {high}."
        if a == b:
            answer = f"They are equal: both are {a}."
    return Example("compare", [Turn(question, answer)], key, {"kind": "equals", "text": answer})


def multiply(rng):
    a, b = rng.randint(0, 12), rng.randint(0, 12)
    answer = f"{a} times {b} is {a * b}."
    if rng.random() < 0.2:
        a, b = rng.randint(13, 999), rng.randint(2, 99)
        if rng.random() < 0.5:
            a, b = b, a
        answer = "That is too hard for me: I know the times table up to 12 times 12 only."
    question = wording.asked(rng, TIMES, a=a, b=b)
    return Example("multiply", [Turn(question, answer)], question, {"kind": "equals", "text": answer})


def reason(rng):
    """Returns a sum or difference with reasoning."""
    example = (add if rng.random() < 0.5 else subtract)(rng)
    turn = example.turns[0]
    key = example.ability + example.key
    if rng.random() < 0.5:
        turn.thinking = "template"
    else:
        turn.thinking = "words"
        text = turn.user if turn.user[-1] in "?.!=" else turn.user + "."
        turn.user = rng.choice(ASK_TO_THINK).format(q=text)
    check = {**example.check, "reasoning": True}
    return Example("reason", [turn], key, check, joins=False)
