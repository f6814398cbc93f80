// Evaluates a template's tree and holds the state of one render.
//
// The tree's nodes evaluate themselves (evaluate.cpp, execute.cpp) with this at hand. Used once, by one thread.
#pragma once

#include <cstdint>
#include <ctime>
#include <utility>
#include <vector>

#include "text/jinja/object.h"
#include "text/jinja/template.h"
#include "text/jinja/template_memory.h"
#include "text/jinja/text_object.h"
#include "text/jinja/tree.h"

namespace rocmforge::text::jinja {

// The variables of a scope while it is executed.
struct Frame {
  Frame* outer = nullptr;
  Object* slots = nullptr;
};

struct MacroObject {
  const MacroDefinition* definition;
  Frame* frame;  // in which the macro was defined
};

// The state behind the variable `loop`, shared by all passes of one loop.
struct LoopState {
  const For* node;
  Frame* outer;
  Object iterable;  // a range, or a list
  std::int64_t count;
  std::int64_t index;
  std::int64_t depth;
  Object changed;  // the last arguments of loop.changed(), as a tuple

  Object item(std::int64_t i) const;
};

class Interpreter {
 public:
  Interpreter(const Tree& tree, const Value& context, const RenderOptions& options);

  // Renders the template and returns its text.
  Object run();

  // The offset in the source of the node being evaluated, for messages.
  std::uint32_t position() const { return position_; }
  void set_position(std::uint32_t offset) { position_ = offset; }

  TemplateMemory& memory() { return memory_; }
  const std::tm& now();

  // ---- Evaluation of child nodes ----

  Object evaluate(const Expression& expression) {
    memory_.charge(1);
    const TemplateMemory::DepthGuard deeper(memory_);
    return expression.evaluate(*this);
  }
  Flow execute(const Block& block);
  void print_object(const Object& object);
  void print_text(const Object& string) { out_->append(string); }

  // Runs the action and returns what it prints.
  template <typename Action>
  Object captured(Action action) {
    TextBuilder builder(memory_);
    TextBuilder* const before = std::exchange(out_, &builder);
    action();
    out_ = before;
    return builder.text();
  }

  // Runs the action with `frame` as the current frame.
  template <typename Action>
  auto in_frame(Frame* frame, Action action) {
    Frame* const before = std::exchange(frame_, frame);
    auto result = action();
    frame_ = before;
    return result;
  }

  // The text printed by the body of the current filter block.
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
  TemplateMemory memory_;
  std::uint32_t position_ = 0;
  std::optional<std::tm> local_now_;
  Frame* frame_ = nullptr;
  TextBuilder* out_ = nullptr;
  std::vector<Object> globals_;
};

// Evaluates and holds the arguments of a call.
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
  // Storage for calls with few arguments, which nearly all are.
  std::array<Object, 4> few_;
  std::array<NamedArgument, 2> few_named_;
};

// ---- attributes.cpp ----

// Return object.name, object[index] and object[start:stop:step]. The result is undefined if there is no such attribute
// or item.
Object get_attribute(TemplateMemory& memory, const Object& object, const Object& name);
Object get_item(TemplateMemory& memory, const Object& object, const Object& index);
Object get_slice(TemplateMemory& memory, const Object& object, const Object& start, const Object& stop,
                 const Object& step);
Object bind_method(TemplateMemory& memory, const Object& self, const Builtin& builtin);

// ---- loop_object.cpp ----

Object loop_attribute(TemplateMemory& memory, const Object& loop, std::string_view name);

}  // namespace rocmforge::text::jinja
