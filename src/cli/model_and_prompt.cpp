#include "cli/model_and_prompt.h"

#include <algorithm>
#include <filesystem>
#include <string_view>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/demo_model.h"
#include "cli/model_source.h"
#include "store/source.h"

namespace rocmforge::cli {
namespace {

bool is_there(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

// Returns whether the text has only characters that names of models can have. "Why?" has another one.
bool could_be_a_name(const std::string& text) {
  return is_one_word(text) && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view("._:/@+-").find(c) != std::string_view::npos;
         });
}

}  // namespace

ModelAndPrompt find_model_and_prompt(const std::string& first, const std::string& second, const std::string& option) {
  // With -m only an existing file counts as a second model, because any word may be a prompt.
  const bool names_model = option.empty() ? names_a_model(first) : !first.empty() && is_there(first);
  const bool first_is_model = !second.empty() || names_model;
  if (first_is_model && !option.empty()) {
    throw error(ErrorCode::kUsage, "the model is given twice: {} and -m {}", printable(first), printable(option));
  }
  if (first_is_model) return {first, second};
  if (!option.empty()) return {option, first};
  if (is_one_word(first) && looks_like_a_path(first)) {
    throw Error(ErrorCode::kNotFound, printable(first) + ": there is no such file",
                store::is_repository_name(first) ? fmt::format("`hf:{}` is that model on the hub", first)
                                                 : "a prompt comes after the model");
  }
  if (could_be_a_name(first)) {
    const Error unknown = no_such_model(first);
    throw Error(unknown.code(), unknown.message(),
                fmt::format("{}; `rocmforge run {} {}` asks the demo model", unknown.hint(), kDemoModel, first));
  }
  return {std::string(kDemoModel), first};
}

std::string joined_prompt(const std::string& prompt, const std::string& piped) {
  if (prompt.empty() || piped.empty()) return prompt + piped;
  return prompt + "\n\n" + piped;
}

}  // namespace rocmforge::cli
