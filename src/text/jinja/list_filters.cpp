// Implements filters on whole sequences: length, first and last items, sorting and grouping.
#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"
#include "text/jinja/call.h"
#include "text/jinja/comparison.h"
#include "text/jinja/dict.h"
#include "text/jinja/item_keys.h"
#include "text/jinja/iteration.h"
#include "text/jinja/merge_sort.h"
#include "text/jinja/operators.h"
#include "text/jinja/printing.h"
#include "text/jinja/text_operations.h"

namespace rocmforge::text::jinja {
namespace {

Object undefined_of(Call& call, std::string_view sentence) {
  return make_undefined(make_text(call.memory, sentence), Kind::kUndefined);
}

Object length(Call& call) {
  return Object::of_integer(static_cast<std::int64_t>(length_of_any(call.self)), origin_of(call.self));
}

Object first(Call& call) {
  Iteration items(call.memory, call.self);
  Object item;
  return items.next(item) ? item : undefined_of(call, "no first item: the sequence is empty");
}

Object last(Call& call) {
  if (call.self.is(Kind::kGenerator))
    throw failure("the last item of a generator cannot be taken; convert it with the filter 'list'");
  const List* const items = items_of(call.memory, call.self);
  return items->count != 0 ? items->items[items->count - 1] : undefined_of(call, "no last item: the sequence is empty");
}

// Always picks the first item, so that prompts are reproducible.
Object random(Call& call) { return first(call); }

Object list(Call& call) {
  return Object::of_list(copied_items(call.memory, call.self), Kind::kList, origin_of(call.self));
}

Object reverse(Call& call) {
  List* const items = copied_items(call.memory, call.self);
  std::reverse(items->items, items->items + items->count);
  if (!call.self.is_string()) return make_generator(call.memory, items, call.self.origin);
  TextBuilder out(call.memory);
  for (const Object& item : items->span()) out.append(item);
  return out.text();
}

Object join(Call& call) {
  const Object separator = call.has(0) ? to_text(call.memory, call[0]) : make_text(call.memory, "");
  const bool by_attribute = call.has(1) && !call[1].is(Kind::kNone);
  Iteration items(call.memory, call.self);
  TextBuilder out(call.memory);
  bool is_first = true;
  for (Object item; items.next(item); is_first = false) {
    if (!is_first) out.append(separator);
    print(out, by_attribute ? item_attribute(call, item, call[1]) : item);
  }
  return out.text();
}

// ---- Order ----

struct Keyed {
  Object key;
  Object item;
};

std::vector<Keyed> keyed_items(Call& call, const KeyOf& key_of) {
  std::vector<Keyed> keyed;
  Iteration items(call.memory, call.self);
  for (Object item; items.next(item);) keyed.push_back({key_of(call, item), item});
  return keyed;
}

void sort_by_key(Call& call, std::vector<Keyed>& items, bool reversed) {
  merge_sort(items, [&](const Keyed& a, const Keyed& b) {
    return reversed ? less(call.memory, b.key, a.key) : less(call.memory, a.key, b.key);
  });
}

Object list_of(Call& call, const std::vector<Keyed>& items) {
  List* const list = make_list(call.memory, items.size());
  for (const Keyed& item : items) append(call.memory, *list, item.item);
  return Object::of_list(list, Kind::kList, origin_of(call.self));
}

Object sort(Call& call) {
  const KeyOf key_of{.attribute = call[2], .fold_case = !call.flag(1, false), .several = true};
  std::vector<Keyed> items = keyed_items(call, key_of);
  sort_by_key(call, items, call.flag(0, false));
  return list_of(call, items);
}

Object dict_sort(Call& call) {
  if (!call.self.is_mapping()) throw failure("dictsort needs a dictionary, not {}", type_name(call.self));
  const std::string_view by = call.has(1) ? view(call.text(1)) : "key";
  if (by != "key" && by != "value")
    throw failure("dictsort is asked to sort by '{}', expected 'key' or 'value'", printable(by, 40));
  const KeyOf key_of{.attribute = Object(), .fold_case = !call.flag(0, false)};
  std::vector<Keyed> items;
  for (const DictEntry& entry : call.self.dict->span()) {
    const std::array<Object, 2> pair = {entry.key, entry.value};
    items.push_back({key_of(call, by == "key" ? entry.key : entry.value), tuple_of(call.memory, pair)});
  }
  sort_by_key(call, items, call.flag(2, false));
  return list_of(call, items);
}

Object extreme(Call& call, bool greatest) {
  const KeyOf key_of{.attribute = call[1], .fold_case = !call.flag(0, false)};
  Iteration items(call.memory, call.self);
  Object best;
  Object best_key;
  for (Object item; items.next(item);) {
    const Object key = key_of(call, item);
    const bool better =
        !best.is_set() || (greatest ? less(call.memory, best_key, key) : less(call.memory, key, best_key));
    if (!better) continue;
    best = item;
    best_key = key;
  }
  return best.is_set() ? best : undefined_of(call, "no aggregated item: the sequence is empty");
}

Object min(Call& call) { return extreme(call, false); }
Object max(Call& call) { return extreme(call, true); }

Object unique(Call& call) {
  const KeyOf key_of{.attribute = call[1], .fold_case = !call.flag(0, false)};
  Dict* const seen = make_dict(call.memory);
  List* const kept = make_list(call.memory);
  Iteration items(call.memory, call.self);
  for (Object item; items.next(item);) {
    const Object key = key_of(call, item);
    if (find(call.memory, *seen, key) != nullptr) continue;
    insert(call.memory, *seen, key, Object::none());
    append(call.memory, *kept, item);
  }
  return make_generator(call.memory, kept, origin_of(call.self));
}

Object group_by(Call& call) {
  const bool fold_case = !call.flag(2, false);
  const KeyOf key_of{.attribute = call[0], .fallback = call[1], .fold_case = fold_case};
  const KeyOf shown{.attribute = call[0], .fallback = call[1]};
  std::vector<Keyed> items = keyed_items(call, key_of);
  sort_by_key(call, items, false);
  List* const groups = make_list(call.memory);
  for (std::size_t i = 0; i < items.size();) {
    List* const group = make_list(call.memory);
    const Keyed& head = items[i];
    for (; i < items.size() && equal(call.memory, items[i].key, head.key); ++i)
      append(call.memory, *group, items[i].item);
    const std::array<Object, 2> pair = {shown(call, head.item), Object::of_list(group)};
    const Object tuple = tuple_of(call.memory, pair);
    tuple.list->names_are_group = true;
    append(call.memory, *groups, tuple);
  }
  return Object::of_list(groups);
}

Object sum_of(Call& call) {
  Object total = call.has(1) ? call[1] : Object::of_integer(0);
  const bool by_attribute = call.has(0) && !call[0].is(Kind::kNone);
  Iteration items(call.memory, call.self);
  for (Object item; items.next(item);) {
    total = sum(call.interpreter, total, by_attribute ? item_attribute(call, item, call[0]) : item);
  }
  return total;
}

// ---- Parts ----

// Splits the items into rows of `size`; the last row may be filled up.
Object batch(Call& call) {
  const std::int64_t size = call.integer(0, 1);
  const bool fills = call.has(1) && !call[1].is(Kind::kNone);
  List* const rows = make_list(call.memory);
  List* row = nullptr;
  Iteration items(call.memory, call.self);
  for (Object item; items.next(item);) {
    if (row == nullptr || static_cast<std::int64_t>(row->count) == size) {
      row = make_list(call.memory);
      append(call.memory, *rows, Object::of_list(row));
    }
    append(call.memory, *row, item);
  }
  while (fills && row != nullptr && static_cast<std::int64_t>(row->count) < size) append(call.memory, *row, call[1]);
  return make_generator(call.memory, rows, origin_of(call.self));
}

// Splits the items into `count` columns; if they do not divide evenly, the first columns are longer by one.
Object slice(Call& call) {
  const std::int64_t count = call.integer(0, 1);
  if (count <= 0) throw failure("slice needs a number of at least 1");
  const bool fills = call.has(1) && !call[1].is(Kind::kNone);
  const List* const items = items_of(call.memory, call.self);
  const std::size_t each = items->count / static_cast<std::size_t>(count);
  const std::size_t longer = items->count % static_cast<std::size_t>(count);
  List* const columns = make_list(call.memory);
  std::size_t at = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    call.memory.charge(1);
    const bool is_longer = static_cast<std::size_t>(i) < longer;
    List* const column = make_list(call.memory);
    for (const std::size_t end = at + each + (is_longer ? 1 : 0); at < end; ++at) {
      append(call.memory, *column, items->items[at]);
    }
    if (fills && !is_longer) append(call.memory, *column, call[1]);
    append(call.memory, *columns, Object::of_list(column));
  }
  return make_generator(call.memory, columns, origin_of(call.self));
}

Object items(Call& call) {
  if (call.self.is_undefined()) return make_generator(call.memory, make_list(call.memory), Origin::kTemplate);
  if (!call.self.is_mapping()) throw failure("items needs a dictionary, not {}", type_name(call.self));
  List* const pairs = make_list(call.memory, call.self.dict->count);
  for (const DictEntry& entry : call.self.dict->span()) {
    const std::array<Object, 2> pair = {entry.key, entry.value};
    append(call.memory, *pairs, tuple_of(call.memory, pair, call.self.origin));
  }
  return make_generator(call.memory, pairs, call.self.origin);
}

constexpr auto kListFilters = std::to_array<Builtin>({
    {"batch", batch, {1, "linecount", "fill_with"}},
    {"count", length},
    {"dictsort", dict_sort, {0, "case_sensitive", "by", "reverse"}},
    {"first", first},
    {"groupby", group_by, {1, "attribute", "default", "case_sensitive"}},
    {"items", items},
    {"join", join, {0, "d", "attribute"}},
    {"last", last},
    {"length", length},
    {"list", list},
    {"max", max, {0, "case_sensitive", "attribute"}},
    {"min", min, {0, "case_sensitive", "attribute"}},
    {"random", random},
    {"reverse", reverse},
    {"slice", slice, {1, "slices", "fill_with"}},
    {"sort", sort, {0, "reverse", "case_sensitive", "attribute"}},
    {"sum", sum_of, {0, "attribute", "start"}},
    {"unique", unique, {0, "case_sensitive", "attribute"}},
});

}  // namespace

std::span<const Builtin> list_filters() { return kListFilters; }

}  // namespace rocmforge::text::jinja
