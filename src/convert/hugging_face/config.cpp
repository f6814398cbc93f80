#include "convert/hugging_face/config.h"

#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

namespace rocmforge::convert {
namespace {

using nlohmann::json;

// The keys under which composed models keep the language model's part. A thinker's part contains a text part of its
// own.
constexpr std::array<std::string_view, 4> kParts = {"llm_config", "language_config", "thinker_config", "text_config"};

const json* member(const json& object, std::string_view path) {
  const json* value = &object;
  while (!path.empty()) {
    const std::size_t dot = path.find('.');
    const std::string name(path.substr(0, dot));
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
    if (!value->is_object() || !value->contains(name)) return nullptr;
    value = &(*value)[name];
  }
  return value->is_null() ? nullptr : value;
}

std::optional<double> finite_number(const json& value) {
  if (!value.is_number()) return std::nullopt;
  const double number = value.get<double>();
  if (!std::isfinite(number) || std::abs(number) > std::numeric_limits<float>::max()) return std::nullopt;
  return number;
}

std::optional<std::int64_t> whole_number(const json& value) {
  const auto number = finite_number(value);  // some checkpoints write 1e6 or 4096.0
  if (!number || *number != std::floor(*number) || std::abs(*number) > 1e15) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

}  // namespace

Config::Config(std::string_view text, std::string path) : path_(std::move(path)) {
  root_ = std::make_unique<json>(parse_json(text, path_));
  if (!root_->is_object()) throw error(ErrorCode::kMalformed, "{}: expected an object", path_);
  const auto classes = texts({"architectures"});
  if (!classes || classes->empty()) {
    throw error(ErrorCode::kMalformed, "{}: 'architectures' is missing, which names the model's class", path_);
  }
  class_ = classes->front();
  for (const std::string_view part : kParts) {
    const json* inner = member(*root_, part);
    if (inner == nullptr || !inner->is_object()) continue;
    const json copy = *inner;
    for (const auto& [name, value] : copy.items()) {
      if (name != "architectures") (*root_)[name] = value;
    }
  }
}

Config::Config(Config&&) noexcept = default;
Config::~Config() = default;

const json* Config::find(Names names) const {
  for (const std::string_view name : names) {
    if (const json* value = member(*root_, name)) return value;
  }
  return nullptr;
}

void Config::wrong(Names names, std::string_view expected) const {
  for (const std::string_view name : names) {
    const json* value = member(*root_, name);
    if (value == nullptr) continue;
    throw error(ErrorCode::kMalformed, "{}: '{}' is {}, expected {}", path_, name, printable(dump_json(*value), 60),
                expected);
  }
  throw error(ErrorCode::kMalformed, "{}: '{}' is missing, expected {}", path_,
              fmt::join(names.begin(), names.end(), "' or '"), expected);
}

std::optional<std::uint32_t> Config::count(Names names) const {
  const json* value = find(names);
  if (value == nullptr) return std::nullopt;
  const auto number = whole_number(*value);
  if (!number || *number < 0 || *number > std::numeric_limits<std::uint32_t>::max()) wrong(names, "a count");
  return static_cast<std::uint32_t>(*number);
}

std::optional<std::uint32_t> Config::count_if_single(Names names) const {
  const json* value = find(names);
  return value == nullptr || value->is_array() ? std::nullopt : count(names);
}

std::uint32_t Config::required_count(Names names) const {
  const auto value = count(names);
  if (!value) wrong(names, "a count");
  return *value;
}

std::optional<float> Config::number(Names names) const {
  const json* value = find(names);
  if (value == nullptr) return std::nullopt;
  const auto number = finite_number(*value);
  if (!number) wrong(names, "a number");
  return static_cast<float>(*number);
}

std::optional<bool> Config::flag(Names names) const {
  const json* value = find(names);
  if (value == nullptr) return std::nullopt;
  if (!value->is_boolean()) wrong(names, "true or false");
  return value->get<bool>();
}

std::optional<std::string> Config::text(Names names) const {
  const json* value = find(names);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) wrong(names, "a text");
  return value->get<std::string>();
}

std::optional<std::vector<std::int32_t>> Config::counts(Names names) const {
  const json* value = find(names);
  if (value == nullptr) return std::nullopt;
  if (!value->is_array()) wrong(names, "a list of counts");
  std::vector<std::int32_t> list;
  for (const json& element : *value) {
    const auto number = whole_number(element);
    if (!number || std::abs(*number) > std::numeric_limits<std::int32_t>::max()) wrong(names, "a list of counts");
    list.push_back(static_cast<std::int32_t>(*number));
  }
  return list;
}

std::optional<std::vector<float>> Config::numbers(Names names) const {
  const json* value = find(names);
  if (value == nullptr) return std::nullopt;
  if (!value->is_array()) wrong(names, "a list of numbers");
  std::vector<float> list;
  for (const json& element : *value) {
    const auto number = finite_number(element);
    if (!number) wrong(names, "a list of numbers");
    list.push_back(static_cast<float>(*number));
  }
  return list;
}

std::optional<std::vector<std::string>> Config::texts(Names names) const {
  const json* value = find(names);
  if (value == nullptr) return std::nullopt;
  if (!value->is_array()) wrong(names, "a list of texts");
  std::vector<std::string> list;
  for (const json& element : *value) {
    if (!element.is_string()) wrong(names, "a list of texts");
    list.push_back(element.get<std::string>());
  }
  return list;
}

}  // namespace rocmforge::convert
