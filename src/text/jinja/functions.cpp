// Implements the functions that every template can call.
#include <array>
#include <ctime>
#include <vector>

#include "text/jinja/call.h"
#include "text/jinja/dict.h"
#include "text/jinja/interpreter.h"
#include "text/jinja/iteration.h"
#include "text/jinja/limits.h"
#include "text/jinja/printing.h"

namespace rocmforge::text::jinja {
namespace {

// Bounds below this cannot overflow 64 bits when a step is added.
constexpr std::int64_t kGreatestBound = std::int64_t{1} << 53;

Object range(Call& call) {
  Range range{0, call.integer(0, 0), call.integer(2, 1)};
  if (call.has(1)) range = {range.stop, call.integer(1, 0), range.step};
  for (const std::int64_t bound : {range.start, range.stop, range.step}) {
    if (bound > kGreatestBound || bound < -kGreatestBound)
      throw limit_failure("a bound or the step of range() is beyond 2^53");
  }
  if (range.step == 0) throw failure("the step of range() is 0");
  if (range.count() > kMaxRange) throw limit_failure("range() gives more than {} numbers", kMaxRange);
  Object object(Kind::kRange, either(call[0].origin, either(call[1].origin, call[2].origin)));
  object.range = call.memory.make(range);
  return object;
}

// Returns a dictionary made from the positional argument, a dictionary or pairs, and the named arguments.
Dict* dict_of_arguments(Call& call) {
  Dict* const dict = make_dict(call.memory);
  if (call.raw.positional.size() > 1)
    throw failure("{}() accepts one positional argument, found {}", call.builtin.name, call.raw.positional.size());
  if (!call.raw.positional.empty()) {
    const Object& given = call.raw.positional[0];
    if (given.is_mapping()) {
      for (const DictEntry& entry : given.dict->span()) insert(call.memory, *dict, entry.key, entry.value);
    } else {
      Iteration pairs(call.memory, given);
      for (Object pair; pairs.next(pair);) {
        const List* const parts = items_of(call.memory, pair);
        if (parts->count != 2) throw failure("{}() needs pairs of a key and a value", call.builtin.name);
        insert(call.memory, *dict, parts->items[0], parts->items[1]);
      }
    }
  }
  for (const NamedArgument& argument : call.raw.named) insert(call.memory, *dict, argument.name, argument.value);
  return dict;
}

Object dict(Call& call) { return Object::of_dict(dict_of_arguments(call)); }

// Makes a namespace: a dictionary whose entries inner scopes can assign.
Object make_namespace(Call& call) {
  Object object(Kind::kNamespace);
  object.dict = dict_of_arguments(call);
  return object;
}

Object cycler(Call& call) {
  if (call.raw.positional.empty()) throw failure("cycler() needs at least one item");
  List* const items = make_list(call.memory, call.raw.positional.size());
  for (const Object& item : call.raw.positional) append(call.memory, *items, item);
  Object object(Kind::kCycler);
  object.cycler = call.memory.make(Cycler{items});
  return object;
}

Object joiner(Call& call) {
  Object object(Kind::kJoiner);
  object.joiner = call.memory.make(Joiner{call.has(0) ? call[0] : make_text(call.memory, ", ")});
  return object;
}

Object lipsum(Call&) { throw Failure{ErrorCode::kUnsupported, "the function 'lipsum' is not supported"}; }

Object raise_exception(Call& call) {
  throw Error(ErrorCode::kMalformed, std::string(view(to_text(call.memory, call[0]))));
}

Object strftime_now(Call& call) {
  const std::string format(view(call.text(0)));
  if (format.empty()) return make_text(call.memory, "");
  constexpr std::size_t kLongestFormat = 256;
  if (format.size() > kLongestFormat)
    throw limit_failure("the format of strftime_now() is longer than {} bytes", kLongestFormat);
  // strftime() returns 0 both for an empty result and for lack of room, so the format begins with a space.
  std::vector<char> buffer(1 << 14);
  const std::size_t size = std::strftime(buffer.data(), buffer.size(), (" " + format).c_str(), &call.interpreter.now());
  if (size == 0) throw failure("strftime_now() cannot use this format: the result is empty or too long");
  return make_text(call.memory, {buffer.data() + 1, size - 1}, origin_of(call[0]));
}

constexpr auto kFunctions = std::to_array<Builtin>({
    {"cycler", cycler, any_arguments()},
    {"dict", dict, any_arguments()},
    {"joiner", joiner, {0, "sep"}},
    {"lipsum", lipsum, any_arguments()},
    {"namespace", make_namespace, any_arguments()},
    {"raise_exception", raise_exception, {1, "message"}},
    {"range", range, {1, "start", "stop", "step"}},
    {"strftime_now", strftime_now, {1, "format"}},
});

}  // namespace

const Builtin* find_function(std::string_view name) { return find_builtin(kFunctions, name); }

}  // namespace rocmforge::text::jinja
