"""Lists the words of the demo model's texts."""

FIRST_NAMES = """
Ada Adam Aisha Alan Alba Alice Alma Amara Amir Amy Ana Anders Andrea Anna Anton Arthur Asha Astrid Aya Ben Bella Bruno
Carla Carlos Carmen Cecilia Chen Chloe Clara Claire Conor Daisy Dana Daniel Daria David Diego Dina Dora Edgar Edith
Eli Elena Elif Elsa Emil Emily Emma Eric Erik Esther Eva Ewa Fatima Felix Femi Finn Flora Frank Frida Gabriel George
Gina Grace Greta Gustav Hana Hannah Harry Hasan Hector Heidi Helen Henry Hiro Hugo Ian Ida Igor Ilse Ines Ingrid Iris
Isaac Ivan Ivy Jack Jada James Jan Jane Jasmin Javier Jeff Jin Joan Joel John Jonas Jorge Joseph Julia Juan Kai Karen
Karim Kate Keiko Ken Kim Klara Kofi Kwame Lara Laura Lea Leila Lena Leo Liam Lily Lin Linda Lisa Lola Lotta Louis
Lucas Lucy Luis Luna Mabel Magda Maja Malik Mara Marco Maria Marie Mark Marta Martin Mary Max Maya Mei Mia Miguel
Mila Milo Mina Mira Mohammed Molly Mona Nadia Naomi Nina Noah Nora Noor Oliver Olga Oscar Otto Pablo Paul Pavel
Pedro Peter Petra Pia Pierre Priya Rafael Rania Ravi Remy Rita Robert Robin Rosa Ruth Ruben Sam Samir Samuel Sara
Sasha Selma Simon Sofia Stella Stefan Sunil Susan Tara Tariq Teresa Theo Thomas Tim Tom Tomas Ursula Valentina Vera
Victor Vikram Viola Walter Wanda Wei Wendy Will Xavier Yan Yara Yasmin Yuki Yusuf Zara Zoe José Zoë André Jürgen Søren
""".split()

CITIES = """
Accra Amsterdam Ankara Athens Auckland Austin Baghdad Baltimore Bangkok Barcelona Basel Beijing Beirut Belgrade Bergen
Berlin Bern Bilbao Bogota Bologna Bonn Boston Bristol Brussels Bucharest Budapest Cairo Calgary Cardiff Chicago Cologne
Copenhagen Cork Dakar Dallas Damascus Delhi Denver Detroit Dhaka Dresden Dublin Durban Edinburgh Florence Geneva Genoa
Ghent Glasgow Graz Hamburg Hanoi Harare Havana Helsinki Houston Istanbul Jakarta Kabul Karachi Kiev Kingston Krakow
Kyoto Lagos Leeds Leipzig Lima Lisbon Liverpool London Lyon Madrid Malaga Manchester Manila Marseille Melbourne Miami
Milan Minsk Montreal Moscow Mumbai Munich Nairobi Nantes Naples Nice Oslo Osaka Ottawa Oxford Palermo Paris Perth
Phoenix Pisa Porto Prague Quito Riga Rome Rotterdam Salzburg Santiago Sapporo Seattle Seoul Seville Shanghai Sofia
Stockholm Sydney Taipei Tallinn Tampere Tehran Tokyo Toronto Tunis Turin Turku Utrecht Valencia Vancouver Venice Vienna
Vilnius Warsaw Wellington York Zagreb Zurich
""".split()

ANIMALS = """
ant badger bat bear beaver bee bird bull butterfly calf camel cat chicken cow crab cricket crow deer dog dolphin donkey
dove dragonfly duck eagle eel elephant falcon fish fly fox frog giraffe goat goose gull hamster hare hawk hedgehog hen
heron horse kitten lamb lion lizard llama lobster lynx mole monkey moose mouse mule newt octopus otter owl ox panda
parrot penguin pig pigeon pony puppy rabbit raccoon rat raven robin rooster salmon seal shark sheep snail snake sparrow
spider squirrel swan tiger toad trout turkey turtle walrus wasp weasel whale wolf worm zebra
""".split()

FOODS = """
almonds apples apricots bacon bananas beans beets berries biscuits bread broccoli butter cabbage cake carrots cashews
celery cereal cheese cherries chili chocolate coconut coffee cookies corn crackers cream cucumbers dates dumplings eggs
figs flour garlic ginger grapes ham honey hummus jam juice kale kiwis leeks lemons lentils lettuce limes mangoes melons
milk mint muffins mushrooms mustard noodles nuts oats olives onions oranges pancakes pasta peaches peanuts pears peas
peppers pickles pie pizza plums popcorn porridge potatoes pudding pumpkin radishes raisins rice salad salt sausages
soup spinach sugar syrup tea toast tofu tomatoes vinegar waffles walnuts yogurt
""".split()

OBJECTS = """
anchor apron axe bag ball balloon banner barrel basket bead bell belt bench bicycle blanket boat book boot bottle bowl
box bracelet brick bridge broom brush bucket button cage camera candle cane canoe cap card carpet cart chain chair chest
clock coat coin comb compass cord crate crown cup curtain desk diary dish door drawer dress drum envelope fan feather
fence flag flute fork frame glove guitar hammer hat helmet hook horn jacket jar jug kettle key kite knife ladder lamp
lantern letter lock magnet map mask mat mirror mug nail necklace needle net notebook oven paddle paint pan paper parcel
pen pencil piano picture pillow pin pipe plate plough pocket poster pot purse puzzle quilt radio rake ribbon ring rope
rug ruler sack saddle sail saw scarf scissors shelf shield shirt shoe shovel sled sofa spade spoon stamp stick stool
stove string suitcase sweater sword table tent thread ticket tie toolbox torch towel toy tray trumpet umbrella vase
violin wagon wallet watch wheel whistle window wire
""".split()

PLACES = """
airport attic bakery balcony bank barn basement beach bookshop bridge cafe castle cave cellar church cinema clinic
corridor cottage courtyard factory farm field forest garage garden greenhouse gym hall harbor hill hospital hotel island
kitchen lake library lighthouse market meadow mill mine museum office orchard park pharmacy pier playground pond port
river school shed shop square stable stadium station street studio swamp theater tower valley village warehouse
workshop zoo
""".split()

JOBS = """
actor architect artist astronaut author baker banker barber biologist bookseller builder butcher captain carpenter
cashier chemist cleaner clerk coach composer cook dancer dentist designer detective diver doctor driver editor
electrician engineer farmer firefighter fisher florist gardener geologist glazier guard guide hairdresser hunter
inspector janitor jeweler journalist judge lawyer librarian locksmith mason mechanic miner musician nurse optician
painter pharmacist photographer pianist pilot plumber poet potter printer professor programmer reporter sailor sculptor
secretary shepherd shoemaker singer soldier surgeon tailor teacher translator typist vet waiter weaver welder writer
""".split()

COLORS = """black blue brown gold gray green orange pink purple red silver turquoise violet white yellow beige crimson
scarlet indigo maroon""".split()

ADJECTIVES = """
angry big bold brave bright broken busy calm careful cheerful clean clever cold cozy crooked curious dark deep dusty
eager early empty famous fast fierce flat fresh friendly full funny gentle giant glad golden good grand great happy
heavy hidden high hollow honest huge hungry kind large late lazy light little lonely long loud lucky mighty narrow neat
new nice noisy odd old patient plain polite poor pretty proud quick quiet rare rich ripe rough round sad shallow sharp
shiny short shy silent silly simple sleepy slow small smart smooth soft sour strange strong sturdy sunny sweet swift
tall tame tender thick thin tidy tiny tired warm weak wet wide wild wise wooden young
""".split()

SUBJECTS = """art biology chemistry cooking dancing drawing fishing football geography history hiking knitting
mathematics music painting philosophy physics poetry reading running sailing singing skating skiing swimming tennis
theater writing chess gardening""".split()

WEATHER = """sunny cloudy rainy windy snowy foggy stormy clear""".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()
NUMBER_WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()
TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()

COUNTRIES = """Argentina Australia Austria Belgium Bolivia Brazil Bulgaria Canada Chile China Colombia Croatia Cuba
Denmark Ecuador Egypt Estonia Ethiopia Finland France Germany Ghana Greece Hungary Iceland India Indonesia Iran Iraq
Ireland Israel Italy Jamaica Japan Jordan Kenya Latvia Lebanon Libya Lithuania Malaysia Mali Malta Mexico Mongolia
Morocco Nepal Netherlands Nigeria Norway Pakistan Panama Peru Poland Portugal Romania Russia Serbia Singapore Slovakia
Slovenia Somalia Spain Sudan Sweden Switzerland Syria Thailand Tunisia Turkey Uganda Ukraine Uruguay Vietnam
Zambia""".split()

TOPICS = """algebra algorithms atoms bacteria ballet batteries comets blockchain bridges calculus cancer chess
cinema climate comets computers coral currency democracy diamonds dinosaurs diseases dreams earthquakes economics
electricity elections engines evolution fashion films fossils galaxies genetics glaciers gravity guitars history
hurricanes inflation insects internet jazz kings languages lasers lightning magnetism medicine memory metals migration
moons mountains museums myths neutrons novels oceans opera orbits oxygen painting photosynthesis planets plastic poems
politics numbers proteins psychology pyramids particles queens radios rainbows religion rivers robots
rockets satellites sculpture soccer sound stars steel stocks submarines taxes telescopes thunder tides trains trade
tribes universities vaccines viruses volcanoes vitamins wars whales wine""".split()

SYLLABLE_STARTS = "b bl br c ch cl d dr f fl g gl gr h j k l m n p pl pr qu r s sh sl st t th tr v w y z".split()
SYLLABLE_MIDDLES = "a e i o u ai ea ee io oa oo ou".split()
SYLLABLE_ENDS = ["", "", "", "l", "m", "n", "r", "s", "t", "x", "nd", "rk", "st"]


def invented(rng, syllables=None):
    """Returns an invented word that is in no list, so that the model must copy it letter by letter."""
    count = syllables or rng.choice((1, 2, 2, 2, 3))
    return "".join(
        rng.choice(SYLLABLE_STARTS) + rng.choice(SYLLABLE_MIDDLES) + rng.choice(SYLLABLE_ENDS) for _ in range(count)
    )


def first_name(rng):
    return invented(rng).capitalize() if rng.random() < 0.2 else rng.choice(FIRST_NAMES)


def city(rng):
    return invented(rng, rng.choice((2, 3))).capitalize() if rng.random() < 0.2 else rng.choice(CITIES)


def a(noun):
    """Returns the noun with its article."""
    return ("an " if noun[0] in "aeiou" else "a ") + noun


ODD_PLURALS = {"calf": "calves", "fish": "fish", "goose": "geese", "mouse": "mice", "ox": "oxen", "sheep": "sheep", "wolf": "wolves", "knife": "knives",
               "shelf": "shelves", "scarf": "scarves", "scissors": "scissors", "deer": "deer", "moose": "moose", "salmon": "salmon", "trout": "trout"}


def plural(noun):
    if noun in ODD_PLURALS:
        return ODD_PLURALS[noun]
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")


def number_in_words(number):
    """Returns a number below one hundred in words."""
    if number < 10:
        return NUMBER_WORDS[number]
    if number < 20:
        return TEENS[number - 10]
    return TENS[number // 10] + ("-" + NUMBER_WORDS[number % 10] if number % 10 else "")


def join(words):
    """Joins items as in "one, two and three"."""
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]
