"""Teaches calling an offered tool and using its result."""

from abilities import wording
from conversation import Example, Turn, is_held_out
import words

CALCULATOR_NAMES = ["calculator", "calculate", "compute", "evaluate", "math", "do_math", "arithmetic"]
CLOCK_NAMES = ["clock", "get_time", "current_time", "time", "what_time", "get_current_time"]
WEATHER_NAMES = ["weather", "get_weather", "current_weather", "weather_report", "forecast", "get_forecast"]
EXPRESSIONS = ["expression", "formula", "input", "query"]
CITY_KEYS = ["city", "location", "place", "town"]
OTHER_TOOLS = [("send_mail", "Sends a message", "text"), ("search", "Searches the web", "query"), ("play_music", "Plays a song", "title"),
               ("open_door", "Opens a door", "door"), ("translate", "Translates a text", "text"), ("set_alarm", "Sets an alarm", "hour"),
               ("read_file", "Reads a file", "path"), ("lights", "Switches lights", "room"), ("buy", "Buys something", "item")]
OPERATORS = {"*": "times", "/": "divided by", "+": "plus", "-": "minus"}
TIME_QUESTIONS = ["What time is it in {c}?", "What is the time in {c}?", "How late is it in {c}?", "Tell me the time in {c}.", "Which time is it in {c} now?"]
HERE_QUESTIONS = ["What time is it?", "What is the time?", "How late is it?", "Tell me the time.", "What time is it now?", "Which time is it now?"]
WEATHER_QUESTIONS = ["What is the weather in {c}?", "How is the weather in {c}?", "What's the weather like in {c}?", "Is it raining in {c}?",
                     "Tell me the weather in {c}.", "Do I need an umbrella in {c}?", "How warm is it in {c}?"]


def declaration(name, description, required, optional=()):
    properties = {key: {"type": "string", "description": about} if about else {"type": "string"} for key, about in required}
    properties.update(optional)
    schema = {"type": "object", "properties": properties, "required": [key for key, _ in required]}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": schema}}


def calculator(rng, _):
    key = rng.choice(EXPRESSIONS)
    about = rng.choice(["", "What to compute, as in 2 * 3", "The expression", "The expression to evaluate"])
    description = rng.choice(["Computes an expression", "Calculates", "Does arithmetic", "A calculator", "Evaluates a formula"])
    return declaration(rng.choice(CALCULATOR_NAMES), description, [(key, about)])


def clock(rng, place):
    description = rng.choice(["Tells the time", "The time somewhere", "Says how late it is", "Gets the current time"])
    required = [] if rng.random() < 0.3 else [(place, rng.choice(["", "The city"]))]
    return declaration(rng.choice(CLOCK_NAMES), description, required)


def weather(rng, place):
    description = rng.choice(["Tells the weather in a city", "The weather somewhere", "Gets the current weather", "Weather report"])
    required = [(place, rng.choice(["", "The city", "Name of the city"]))]
    units = {"unit": {"type": "string", "enum": ["celsius", "fahrenheit"]}} if rng.random() < 0.2 else {}
    return declaration(rng.choice(WEATHER_NAMES), description, required, units)


def other(rng):
    name, description, key = rng.choice(OTHER_TOOLS)
    return declaration(name, description, [(key, "")])


MAKERS = {"calculator": calculator, "clock": clock, "weather": weather}


def offer(rng, kind):
    """Returns the tools by kind, including the required one, and all tools shown, in random order. They belong to one program,
    so they use the same name for a place."""
    place = rng.choice(CITY_KEYS)
    offered = {kind: MAKERS[kind](rng, place)}
    for name, make in MAKERS.items():
        if name not in offered and rng.random() < 0.5:
            offered[name] = make(rng, place)
    shown = list(offered.values())
    for _ in range(rng.choice((0, 0, 1, 2))):
        tool = other(rng)
        if all(tool["function"]["name"] != there["function"]["name"] for there in shown):
            shown.append(tool)
    rng.shuffle(shown)
    return offered, shown


def calculation(rng):
    """Returns the question, the expression, its value, and the answer."""
    operator = rng.choice("***//++--")
    a, b = rng.randint(2, 9999), rng.randint(2, 999)
    if operator in "+-":
        high = rng.choice((100, 1000, 100000))
        a, b = rng.randint(1, high), rng.randint(1, high)
        key = f"{min(a, b)}+{max(a, b)}" if operator == "+" else f"{a}-{b}"
        if is_held_out(("add\n" if operator == "+" else "subtract\n") + key):
            return calculation(rng)  # otherwise its value would be learned
    if operator == "/":
        a = b * rng.randint(2, 99)
    value = {"*": a * b, "/": a // b, "+": a + b, "-": a - b}[operator]
    word = OPERATORS[operator]
    form = rng.choice(["What is {a} {w} {b}?", "What is {a} {o} {b}?", "{a} {o} {b}", "How much is {a} {w} {b}?", "Calculate {a} {o} {b}.",
                       "{a}{o}{b}", "What's {a} {w} {b}?", "Use the calculator: {a} {o} {b}", "I need to know {a} {w} {b}.", "Compute {a} {w} {b}."])
    question = wording.sloppy(rng, form.format(a=a, b=b, w=word, o=operator))
    return question, f"{a} {operator} {b}", str(value), f"{a} {word} {b} is {value}."


def time_turn(rng, tool):
    says = f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}"
    result = rng.choice((says, says, '{"time": "%s"}' % says))
    keys = tool["function"]["parameters"]["required"]
    if not keys:
        return wording.sloppy(rng, rng.choice(HERE_QUESTIONS)), {}, result, f"It is {says}.", says
    city = words.city(rng)
    question = wording.sloppy(rng, rng.choice(TIME_QUESTIONS).format(c=city))
    return question, {keys[0]: city}, result, f"It is {says} in {city}.", says


def weather_turn(rng, tool):
    sky, degrees, city = rng.choice(words.WEATHER), rng.randint(-15, 38), words.city(rng)
    result = rng.choice(["{s}, {d} degrees", '{{"sky": "{s}", "degrees": {d}}}', "{d} degrees and {s}", "{s}; {d} C",
                         '{{"temperature": {d}, "condition": "{s}"}}']).format(s=sky, d=degrees)
    question = wording.sloppy(rng, rng.choice(WEATHER_QUESTIONS).format(c=city))
    key = tool["function"]["parameters"]["required"][0]
    return question, {key: city}, result, f"In {city} it is {sky}, with {degrees} degrees.", f"{sky}|{degrees}"


def turn_with(rng, kind, tool):
    """Returns the turn, and what its answer must contain."""
    if kind == "calculator":
        question, expression, result, answer = calculation(rng)
        arguments, holds = {tool["function"]["parameters"]["required"][0]: expression}, result
    else:
        question, arguments, result, answer, holds = (time_turn if kind == "clock" else weather_turn)(rng, tool)
    return Turn(question, answer, call={"name": tool["function"]["name"], "arguments": arguments}, result=result), holds


def example(ability, rng):
    kind = rng.choice(list(MAKERS))
    offered, shown = offer(rng, kind)
    turn, holds = turn_with(rng, kind, offered[kind])
    check = {"kind": "call", "call": turn.call} if ability == "call_tool" else {"kind": "contains", "text": holds}
    return Example(ability, [turn], turn.user + turn.result, check, tools=shown, joins=False)


def call(rng):
    return example("call_tool", rng)


def use(rng):
    return example("use_result", rng)
