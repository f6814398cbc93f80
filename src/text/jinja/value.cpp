#include "text/jinja/value.h"

#include <vector>

#include "base/error.h"
#include "text/jinja/dict.h"
#include "text/jinja/text_object.h"
#include "text/jinja/workspace.h"

namespace rocmforge::text::jinja {
namespace {

// Memory of a value's own, which also keeps what its parts live in.
struct Memory {
  Workspace work{Workspace::unlimited()};
  std::vector<std::shared_ptr<const Workspace>> others;
};

std::shared_ptr<const Workspace> workspace_of(const std::shared_ptr<Memory>& memory) { return {memory, &memory->work}; }

}  // namespace

Value::Value() {
  const auto memory = std::make_shared<Memory>();
  object_ = std::make_shared<Object>(Object::of_dict(make_dict(memory->work)));
  memory_ = workspace_of(memory);
}

Value::Value(std::shared_ptr<const Workspace> memory, const Object& object)
    : memory_(std::move(memory)), object_(std::make_shared<Object>(object)) {}

Value Value::list(std::span<const Value> items) {
  const auto memory = std::make_shared<Memory>();
  List* const list = make_list(memory->work, items.size());
  for (const Value& item : items) {
    memory->others.push_back(item.memory_);
    append(memory->work, *list, item.object());
  }
  return {workspace_of(memory), Object::of_list(list)};
}

Value Value::truth(bool truth) { return {std::make_shared<Workspace>(Workspace::unlimited()), Object::boolean(truth)}; }

void Value::set(std::string_view name, const Value& value) {
  if (!object_->is_mapping()) {
    throw error(ErrorCode::kUsage, "'{}' cannot be set in a {}, only in a dictionary", name, type_name(*object_));
  }
  const auto memory = std::make_shared<Memory>();
  memory->others = {memory_, value.memory_};
  Dict* const dict = make_dict(memory->work, object_->dict->count + 1);
  for (const DictEntry& entry : object_->dict->span()) insert(memory->work, *dict, entry.key, entry.value);
  insert(memory->work, *dict, make_text(memory->work, name), value.object());
  object_ = std::make_shared<Object>(Object::of_dict(dict, object_->origin));
  memory_ = workspace_of(memory);
}

}  // namespace rocmforge::text::jinja
