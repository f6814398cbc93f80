#include "convert/hugging_face/weight.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "base/error.h"
#include "base/text.h"
#include "convert/hugging_face/safetensors.h"
#include "gguf/tensor.h"

namespace rocmforge::convert {

std::uint64_t Weight::count() const {
  return std::accumulate(shape_.begin(), shape_.end(), std::uint64_t{1}, std::multiplies<>());
}

void Weight::read_blocks(std::uint64_t, std::span<std::byte>) const { RF_CHECK(false); }

void ComputedWeight::read(std::uint64_t first, std::int64_t step, std::span<float> out) const {
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = values_[static_cast<std::size_t>(static_cast<std::int64_t>(first) + static_cast<std::int64_t>(i) * step)];
  }
}

float ValueChange::operator()(float value) const {
  switch (kind) {
    case Kind::kNone: return value;
    case Kind::kAdd: return value + operand;
    case Kind::kMultiply: return value * operand;
    case Kind::kNegativeExponential: return -static_cast<float>(std::exp(static_cast<double>(value)));
  }
  return value;
}

View View::of(const Weight& weight) {
  View view;
  view.weight = &weight;
  std::int64_t step = 1;
  for (std::size_t i = weight.shape().size(); i-- > 0;) {
    view.axes.insert(view.axes.begin(), {weight.shape()[i], step});
    step *= static_cast<std::int64_t>(weight.shape()[i]);
  }
  if (view.axes.empty()) view.axes.push_back({1, 1});
  return view;
}

std::uint64_t View::count() const {
  std::uint64_t count = 1;
  for (const Axis& axis : axes) count *= axis.size;
  return count;
}

std::vector<std::uint64_t> View::shape() const {
  std::vector<std::uint64_t> sizes;
  for (const Axis& axis : axes) sizes.push_back(axis.size);
  return sizes;
}

void View::check_axis(std::size_t axis, std::uint64_t multiple) const {
  if (axis < axes.size() && multiple > 0 && axes[axis].size % multiple == 0) return;
  throw error(ErrorCode::kMalformed, "tensor '{}' is {}, expected dimension {} to be a multiple of {}",
              printable(weight->name()), to_string(weight->shape()), axis, multiple);
}

View View::split(std::size_t axis, std::uint64_t parts) const {
  check_axis(axis, parts);
  View view = *this;
  const std::uint64_t inner = axes[axis].size / parts;
  view.axes[axis] = {parts, axes[axis].step * static_cast<std::int64_t>(inner)};
  view.axes.insert(view.axes.begin() + static_cast<std::ptrdiff_t>(axis) + 1, {inner, axes[axis].step});
  return view;
}

View View::exchanged(std::size_t a, std::size_t b) const {
  check_axis(std::max(a, b), 1);
  View view = *this;
  std::swap(view.axes[a], view.axes[b]);
  return view;
}

View View::part(std::size_t axis, std::uint64_t begin, std::uint64_t size) const {
  if (axis >= axes.size() || begin > axes[axis].size || size > axes[axis].size - begin) {
    throw error(ErrorCode::kMalformed, "tensor '{}' is {}, expected at least {} in dimension {}",
                printable(weight->name()), to_string(weight->shape()), begin + size, axis);
  }
  View view = *this;
  view.first =
      static_cast<std::uint64_t>(static_cast<std::int64_t>(first) + axes[axis].step * static_cast<std::int64_t>(begin));
  view.axes[axis].size = size;
  return view;
}

View View::every(std::size_t axis, std::uint64_t begin, std::uint64_t step) const {
  check_axis(axis, step);
  View view = split(axis, axes[axis].size / step).part(axis + 1, begin, 1);
  view.axes.erase(view.axes.begin() + static_cast<std::ptrdiff_t>(axis) + 1);
  return view;
}

View View::changed(ValueChange::Kind kind, float operand) const {
  View view = *this;
  view.change = {kind, operand};
  return view;
}

std::uint64_t View::place_of(std::uint64_t index) const {
  auto place = static_cast<std::int64_t>(first);
  for (std::size_t i = axes.size(); i-- > 0;) {
    place += axes[i].step * static_cast<std::int64_t>(index % axes[i].size);
    index /= axes[i].size;
  }
  return static_cast<std::uint64_t>(place);
}

void View::read(std::uint64_t begin, std::span<float> out) const {
  const Axis& last = axes.back();
  while (!out.empty()) {
    const std::uint64_t run = std::min<std::uint64_t>(last.size - begin % last.size, out.size());
    weight->read(place_of(begin), last.step, out.first(run));
    if (change.kind != ValueChange::Kind::kNone) {
      for (float& value : out.first(run)) value = change(value);
    }
    out = out.subspan(run);
    begin += run;
  }
}

bool View::keeps_blocks(const quant::Format& format) const {
  if (change.kind != ValueChange::Kind::kNone || axes.back().step != 1) return false;
  const auto is_whole = [&](std::uint64_t number) { return number % format.block_values == 0; };
  return is_whole(first) && is_whole(axes.back().size) &&
         std::ranges::all_of(axes.begin(), axes.end() - 1, [&](const Axis& axis) {
           return axis.step >= 0 && is_whole(static_cast<std::uint64_t>(axis.step));
         });
}

void View::read_blocks(std::uint64_t begin, std::uint64_t values, std::span<std::byte> out) const {
  const quant::Format& format = weight->format();
  const std::uint64_t columns = axes.back().size;
  while (values > 0) {
    const std::uint64_t run = std::min(columns - begin % columns, values);
    const std::uint64_t bytes = gguf::row_bytes(format, run);
    weight->read_blocks(place_of(begin), out.first(bytes));
    out = out.subspan(bytes);
    begin += run;
    values -= run;
  }
}

}  // namespace rocmforge::convert
