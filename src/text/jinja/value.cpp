#include "text/jinja/value.h"

#include <vector>

#include "base/error.h"
#include "text/jinja/dict.h"
#include "text/jinja/template_memory.h"
#include "text/jinja/text_object.h"

namespace rocmforge::text::jinja {
namespace {

// A value's own memory. `others` keeps the memory of the value's parts alive.
struct ValueMemory {
  TemplateMemory own{TemplateMemory::unlimited()};
  std::vector<std::shared_ptr<const TemplateMemory>> others;
};

std::shared_ptr<const TemplateMemory> memory_of(const std::shared_ptr<ValueMemory>& memory) {
  return {memory, &memory->own};
}

}  // namespace

Value::Value() {
  const auto memory = std::make_shared<ValueMemory>();
  object_ = std::make_shared<Object>(Object::of_dict(make_dict(memory->own)));
  memory_ = memory_of(memory);
}

Value::Value(std::shared_ptr<const TemplateMemory> memory, const Object& object)
    : memory_(std::move(memory)), object_(std::make_shared<Object>(object)) {}

Value Value::list(std::span<const Value> items) {
  const auto memory = std::make_shared<ValueMemory>();
  List* const list = make_list(memory->own, items.size());
  for (const Value& item : items) {
    memory->others.push_back(item.memory_);
    append(memory->own, *list, item.object());
  }
  return {memory_of(memory), Object::of_list(list)};
}

Value Value::truth(bool truth) {
  return {std::make_shared<TemplateMemory>(TemplateMemory::unlimited()), Object::boolean(truth)};
}

void Value::set(std::string_view name, const Value& value) {
  if (!object_->is_mapping()) {
    throw error(ErrorCode::kUsage, "'{}' cannot be set in a {}, only in a dictionary", name, type_name(*object_));
  }
  const auto memory = std::make_shared<ValueMemory>();
  memory->others = {memory_, value.memory_};
  Dict* const dict = make_dict(memory->own, object_->dict->count + 1);
  for (const DictEntry& entry : object_->dict->span()) insert(memory->own, *dict, entry.key, entry.value);
  insert(memory->own, *dict, make_text(memory->own, name), value.object());
  object_ = std::make_shared<Object>(Object::of_dict(dict, object_->origin));
  memory_ = memory_of(memory);
}

}  // namespace rocmforge::text::jinja
