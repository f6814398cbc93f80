// Writes calls the way each form's models do, to be parsed back.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace rocmforge::testing {

struct WrittenCall {
  std::string name;
  nlohmann::ordered_json arguments;
};

using WriteCalls = std::string (*)(const std::vector<WrittenCall>& calls);

struct ReplyWriterOfForm {
  std::string_view form;
  WriteCalls write;
  bool single = false;                // the form has one call per reply
  bool plain_strings = false;         // strings have no quotes and backslashes, which the form does not escape
  std::string_view before_text = {};  // written before text
  std::string_view after_text = {};   // written after text if calls follow
};

const std::vector<ReplyWriterOfForm>& reply_writers();

}  // namespace rocmforge::testing
