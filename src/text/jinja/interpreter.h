// Goes through a template's tree: what one render needs.
//
// The tree's nodes evaluate themselves (evaluate.cpp, execute.cpp) with this at hand. Used once, by one thread.
#pragma once

#include <cstdint>
#include <ctime>
#include <utility>
#include <vector>

#include "text/jinja/object.h"
#include "text/jinja/template.h"
#include "text/jinja/text_object.h"
#include "text/jinja/tree.h"
#include "text/jinja/workspace.h"

namespace rocmforge::text::jinja {

// The variables of a scope while it runs.
struct Frame {
  Frame* outer = nullptr;
  Object* slots = nullptr;
};

struct MacroObject {
  const MacroDefinition* definition;
  Frame* frame;  // where it was defined
};

// What `loop` is: shared by all passes of a loop.
struct LoopState {
  const For* node;
  Frame* outer;
  Object iterable;  // a range, or a list
  std::int64_t count;
  std::int64_t index;
  std::int64_t depth;
  Object changed;  // what loop.changed() was given last, a tuple

  Object item(std::int64_t i) const;
};

class Interpreter {
 public:
  Interpreter(const Tree& tree, const Value& context, const RenderOptions& options);

  // The template's text.
  Object run();

  // Where in the source the work is, for messages.
  std::uint32_t position() const { return position_; }
  void set_position(std::uint32_t offset) { position_ = offset; }

  Workspace& work() { return work_; }
  const std::tm& now();

  // ---- What nodes do with their children ----

  Object evaluate(const Expression& expression) {
    work_.charge(1);
    const Workspace::Deeper deeper(work_);
    return expression.evaluate(*this);
  }
  Flow execute(const Block& block);
  void print_object(const Object& object);
  void print_text(const Object& string) { out_->append(string); }

  // What the action prints.
  template <typename Action>
  Object captured(Action action) {
    TextBuilder builder(work_);
    TextBuilder* const before = std::exchange(out_, &builder);
    action();
    out_ = before;
    return builder.text();
  }

  // Runs the action with the variables of that frame.
  template <typename Action>
  auto in_frame(Frame* frame, Action action) {
    Frame* const before = std::exchange(frame_, frame);
    auto result = action();
    frame_ = before;
    return result;
  }

  // The text that a filter block filters.
  Object block_text;

  // ---- Variables ----

  Frame* frame() const { return frame_; }
  Frame* make_frame(const Scope& scope, Frame* outer);
  const Object& global(std::uint32_t number) const { return globals_[number]; }
  void assign(const Target& target, const Object& value);

  // ---- Calls ----

  Object call(const Object& callee, const Arguments& arguments);
  Object call_macro(const MacroObject& macro, const Arguments& arguments);
  Flow run_loop(const For& node, const Object& iterable, Frame* outer, std::int64_t depth);

 private:
  Flow run_passes(const For& node, LoopState& loop);
  Object filtered_items(const For& node, const Object& iterable, Frame* outer);
  void bind_arguments(const MacroObject& macro, const Arguments& arguments, Frame& frame);
  void bind_named(const MacroDefinition& definition, const NamedArgument& argument, Frame& frame, Dict*& extra);

  const Tree& tree_;
  const RenderOptions& options_;
  Workspace work_;
  std::uint32_t position_ = 0;
  std::optional<std::tm> local_now_;
  Frame* frame_ = nullptr;
  TextBuilder* out_ = nullptr;
  std::vector<Object> globals_;
};

// The values of a call's arguments.
class EvaluatedArguments {
 public:
  EvaluatedArguments(Interpreter& interpreter, const ArgumentList& list, const NamedArgument* extra = nullptr);
  EvaluatedArguments(const EvaluatedArguments&) = delete;
  EvaluatedArguments& operator=(const EvaluatedArguments&) = delete;

  operator Arguments() const { return arguments_; }  // NOLINT(google-explicit-constructor)

 private:
  void spread_list(Interpreter& interpreter, const Object& list);
  void spread_dict(Interpreter& interpreter, const Object& dict);

  Arguments arguments_;
  // Nearly all calls have so few.
  std::array<Object, 4> few_;
  std::array<NamedArgument, 2> few_named_;
};

// ---- attributes.cpp ----

// object.name, object[index], object[start:stop:step]. What is not there is undefined.
Object get_attribute(Workspace& work, const Object& object, const Object& name);
Object get_item(Workspace& work, const Object& object, const Object& index);
Object get_slice(Workspace& work, const Object& object, const Object& start, const Object& stop, const Object& step);
Object bind_method(Workspace& work, const Object& self, const Builtin& builtin);

// ---- loop_object.cpp ----

Object loop_attribute(Workspace& work, const Object& loop, std::string_view name);

}  // namespace rocmforge::text::jinja
