"""Lists the abilities that the demo model is taught. A new ability is a function in this package and a line in the table."""

from abilities import arithmetic, extraction, identity, lists, memory, passages, stopping, stories, tools, unknown

# name: (maker of one example from a random generator, share of the examples in the first round of training, share in
# the second). Stories are long, and what comes next in them is half chance: the second round has few of them, so
# that rare and exact things get more weight.
TAUGHT = {
    "greet": (identity.greet, 3, 3),
    "identity": (identity.identify, 4, 3),
    "add": (arithmetic.add, 12, 8),
    "subtract": (arithmetic.subtract, 12, 9),
    "compare": (arithmetic.compare, 4, 3),
    "reason": (arithmetic.reason, 4, 3),
    "multiply": (arithmetic.multiply, 2, 2),
    "count_words": (lists.count, 4, 4),
    "reverse_words": (lists.reverse, 4, 3),
    "sort": (lists.sort, 9, 7),
    "passage": (passages.answer, 6.4, 12),
    "unsaid": (passages.decline, 1.6, 14),
    "extract": (extraction.extract, 9, 8),
    "call_tool": (tools.call, 4, 3),
    "use_result": (tools.use, 3, 2),
    "recall": (memory.recall, 5.4, 6),
    "untold": (memory.decline, 0.6, 5),
    "tell": (memory.statement, 2, 2),
    "story": (stories.tell, 5, 1),
    "stop": (stopping.obey, 5, 4),
    "unknown": (unknown.decline, 4, 3),
}
PROSE = (0.08, 0.03)  # the share of documents that are plain text, in each round
