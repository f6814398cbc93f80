// Implements the writers of all reply forms, and tests that every form has one.
#include "text/chat/reply_writers.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "text/chat/reply_forms.h"

namespace rocmforge::testing {
namespace {

using Json = nlohmann::ordered_json;
using Calls = std::vector<WrittenCall>;

// Returns JSON as Python's json.dumps writes it, with spaces.
std::string spaced(const Json& value) {
  std::string out;
  if (value.is_object() || value.is_array()) {
    for (const auto& [key, member] : value.items()) {
      out += out.empty() ? "" : ", ";
      out += (value.is_object() ? Json(key).dump() + ": " : "") + spaced(member);
    }
    return value.is_object() ? "{" + out + "}" : "[" + out + "]";
  }
  return value.dump();
}

std::string python(const Json& value) {
  if (value.is_boolean()) return value.get<bool>() ? "True" : "False";
  if (value.is_null()) return "None";
  if (value.is_string()) return "'" + value.get<std::string>() + "'";
  if (!value.is_structured()) return value.dump();
  std::string out;
  for (const auto& [key, member] : value.items()) {
    out += out.empty() ? "" : ", ";
    out += (value.is_object() ? "'" + key + "': " : "") + python(member);
  }
  return value.is_object() ? "{" + out + "}" : "[" + out + "]";
}

std::string gemma(const Json& value) {
  if (value.is_null()) return "None";
  if (value.is_string()) return "<|\"|>" + value.get<std::string>() + "<|\"|>";
  if (!value.is_structured()) return value.dump();
  std::string out;
  for (const auto& [key, member] : value.items()) {
    out += out.empty() ? "" : ",";
    out += (value.is_object() ? key + ":" : "") + gemma(member);
  }
  return value.is_object() ? "{" + out + "}" : "[" + out + "]";
}

std::string nested(const Json& value) {
  const std::string token = "]<]minimax[>[";
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_structured()) return value.dump();
  std::string out;
  for (const auto& [key, member] : value.items()) {
    const std::string tag = value.is_array() ? "item" : key;
    out += token + "<" + tag + ">" + nested(member) + token + "</" + tag + ">";
  }
  return out;
}

// Returns a value as it is written between tags.
std::string plain(const Json& value) { return value.is_string() ? value.get<std::string>() : spaced(value); }

template <typename One>
std::string each(const Calls& calls, std::string_view between, One one) {
  std::string out;
  for (const WrittenCall& call : calls) out += (&call == &calls.front() ? "" : std::string(between)) + one(call);
  return out;
}

std::string object(const WrittenCall& call, const std::string& name = "name",
                   const std::string& arguments = "arguments") {
  return "{\"" + name + "\": \"" + call.name + "\", \"" + arguments + "\": " + spaced(call.arguments) + "}";
}
std::string list(const Calls& calls) {
  return "[" + each(calls, ", ", [](const WrittenCall& call) { return object(call); }) + "]";
}

struct Tags {
  std::string call, name_end, call_end, parameter, key_end, value_end;
};
std::string tagged(const Calls& calls, std::string_view between, const Tags& tags,
                   std::string (*value)(const Json&) = plain) {
  return each(calls, between, [&](const WrittenCall& call) {
    std::string out = tags.call + call.name + tags.name_end;
    for (const auto& [key, member] : call.arguments.items()) {
      out += tags.parameter + key + tags.key_end + value(member) + tags.value_end;
    }
    return out + tags.call_end;
  });
}

std::string cdata(const Json& value) {
  const bool wrapped = value.is_string() && value.get<std::string>().find_first_of("<&\n") != std::string::npos;
  return wrapped ? "<![CDATA[" + value.get<std::string>() + "]]>" : plain(value);
}

std::string hermes(const Calls& calls) {
  return each(calls, "\n", [](const WrittenCall& call) { return "<tool_call>\n" + object(call) + "\n</tool_call>"; });
}
std::string mistral_list(const Calls& calls) {
  return "[TOOL_CALLS][" +
         each(calls, ", ",
              [](const WrittenCall& call) {
                const std::string whole = object(call);
                return whole.substr(0, whole.size() - 1) + ", \"id\": \"abcdefghi\"}";
              }) +
         "]";
}
std::string command_r(const Calls& calls) {
  return "Action:\n```json\n[\n" +
         each(calls, ",\n",
              [](const WrittenCall& call) {
                return "    {\n        \"tool_name\": \"" + call.name +
                       "\",\n        \"parameters\": " + spaced(call.arguments) + "\n    }";
              }) +
         "\n]```";
}
std::string command_r7b(const Calls& calls) {
  return "<|START_ACTION|>[\n" +
         each(calls, ",\n",
              [](const WrittenCall& call) {
                return "    {\"tool_call_id\": \"0\", " + object(call, "tool_name", "parameters").substr(1);
              }) +
         "\n]<|END_ACTION|>";
}
std::string apertus(const Calls& calls) {
  return "<|tools_prefix|>[" +
         each(calls, ", ",
              [](const WrittenCall& call) { return "{\"" + call.name + "\": " + spaced(call.arguments) + "}"; }) +
         "]<|tools_suffix|>";
}
std::string deepseek_r1(const Calls& calls) {
  return "<｜tool▁calls▁begin｜>" +
         each(calls, "\n",
              [](const WrittenCall& call) {
                return "<｜tool▁call▁begin｜>function<｜tool▁sep｜>" + call.name + "\n```json\n" +
                       spaced(call.arguments) + "\n```<｜tool▁call▁end｜>";
              }) +
         "<｜tool▁calls▁end｜>";
}
std::string deepseek_v31(const Calls& calls) {
  return "<｜tool▁calls▁begin｜>" +
         each(calls, "",
              [](const WrittenCall& call) {
                return "<｜tool▁call▁begin｜>" + call.name + "<｜tool▁sep｜>" + spaced(call.arguments) +
                       "<｜tool▁call▁end｜>";
              }) +
         "<｜tool▁calls▁end｜>";
}
std::string kimi(const Calls& calls) {
  return "<|tool_calls_section_begin|>" +
         each(calls, "",
              [](const WrittenCall& call) {
                return "<|tool_call_begin|>functions." + call.name + ":3<|tool_call_argument_begin|>" +
                       spaced(call.arguments) + "<|tool_call_end|>";
              }) +
         "<|tool_calls_section_end|>";
}
std::string solar(const Calls& calls) {
  return each(calls, "", [](const WrittenCall& call) {
    return "<|tool_call:begin|>a1b2c3d4e5<|tool_call:name|>" + call.name + "<|tool_call:args|>" +
           spaced(call.arguments) + "<|tool_call:end|>";
  });
}
std::string dsml(const Calls& calls, const std::string& section) {
  return "<｜DSML｜" + section + ">\n" +
         each(calls, "\n",
              [](const WrittenCall& call) {
                std::string out = "<｜DSML｜invoke name=\"" + call.name + "\">\n";
                for (const auto& [key, value] : call.arguments.items()) {
                  out += "<｜DSML｜parameter name=\"" + key + "\" string=\"" + (value.is_string() ? "true" : "false") +
                         "\">" + plain(value) + "</｜DSML｜parameter>\n";
                }
                return out + "</｜DSML｜invoke>";
              }) +
         "\n</｜DSML｜" + section + ">";
}
std::string lfm2(const Calls& calls) {
  return "<|tool_call_start|>[" +
         each(calls, ", ",
              [](const WrittenCall& call) {
                std::string out;
                for (const auto& [key, value] : call.arguments.items())
                  out += (out.empty() ? "" : ", ") + key + "=" + python(value);
                return call.name + "(" + out + ")";
              }) +
         "]<|tool_call_end|>";
}
std::string gemma4(const Calls& calls) {
  return each(calls, "", [](const WrittenCall& call) {
    return "<|tool_call>call:" + call.name + gemma(call.arguments) + "<tool_call|>";
  });
}
std::string minimax_m3(const Calls& calls) {
  const std::string token = "]<]minimax[>[";
  return token + "<tool_call>\n" +
         each(calls, "\n",
              [&](const WrittenCall& call) {
                return token + "<invoke name=\"" + call.name + "\">" + nested(call.arguments) + token + "</invoke>";
              }) +
         "\n" + token + "</tool_call>";
}

std::string qwen3_coder(const Calls& calls) {
  return tagged(
      calls, "\n",
      {"<tool_call>\n<function=", ">\n", "</function>\n</tool_call>", "<parameter=", ">\n", "\n</parameter>\n"});
}
std::string seed_oss(const Calls& calls) {
  return tagged(
      calls, "\n",
      {"<seed:tool_call>\n<function=", ">\n", "</function>\n</seed:tool_call>", "<parameter=", ">", "</parameter>\n"});
}
std::string glm(const Calls& calls) {
  return tagged(calls, "\n",
                {"<tool_call>", "\n", "</tool_call>", "<arg_key>", "</arg_key>\n<arg_value>", "</arg_value>\n"});
}
std::string hunyuan3(const Calls& calls) {
  const Tags tags{"<tool_call:opensource>",
                  "<tool_sep:opensource>\n",
                  "</tool_call:opensource>\n",
                  "<arg_key:opensource>",
                  "</arg_key:opensource>\n<arg_value:opensource>",
                  "</arg_value:opensource>\n"};
  return "<tool_calls:opensource>\n" + tagged(calls, "", tags) + "</tool_calls:opensource>";
}
std::string minimax_m2(const Calls& calls) {
  const Tags tags{"<invoke name=\"", "\">\n", "</invoke>\n", "<parameter name=\"", "\">", "</parameter>\n"};
  return "<minimax:tool_call>\n" + tagged(calls, "", tags) + "</minimax:tool_call>";
}
std::string minicpm5(const Calls& calls) {
  return tagged(calls, "\n", {"<function name=\"", "\">", "</function>", "<param name=\"", "\">", "</param>"}, cdata);
}

}  // namespace

const std::vector<ReplyWriterOfForm>& reply_writers() {
  static const std::vector<ReplyWriterOfForm> writers{
      {.form = "harmony",
       .write =
           [](const Calls& calls) {
             return "<|channel|>commentary to=functions." + calls[0].name + " <|constrain|>json<|message|>" +
                    spaced(calls[0].arguments) + "<|call|>";
           },
       .single = true,
       .before_text = "<|channel|>commentary<|message|>",
       .after_text = "<|end|><|start|>assistant"},
      {.form = "deepseek-v4", .write = [](const Calls& calls) { return dsml(calls, "tool_calls"); }},
      {.form = "deepseek-v3.2", .write = [](const Calls& calls) { return dsml(calls, "function_calls"); }},
      {.form = "deepseek-r1", .write = deepseek_r1},
      {.form = "deepseek-v3.1", .write = deepseek_v31},
      {.form = "kimi-k2", .write = kimi},
      {.form = "minimax-m3", .write = minimax_m3},
      {.form = "minimax-m2", .write = minimax_m2},
      {.form = "seed-oss", .write = seed_oss},
      {.form = "hunyuan-3", .write = hunyuan3},
      {.form = "glm", .write = glm},
      {.form = "minicpm5", .write = minicpm5, .plain_strings = true},
      {.form = "qwen3-coder", .write = qwen3_coder},
      {.form = "functionary-v3.1",
       .write =
           [](const Calls& calls) {
             return each(calls, "", [](const WrittenCall& call) {
               return "<function=" + call.name + ">" + spaced(call.arguments) + "</function>";
             });
           }},
      {.form = "functionary-v3.2",
       .write =
           [](const Calls& calls) {
             return each(calls, "",
                         [](const WrittenCall& call) { return ">>>" + call.name + "\n" + spaced(call.arguments); });
           },
       .before_text = "all\n"},
      {.form = "gemma-4", .write = gemma4},
      {.form = "lfm2", .write = lfm2, .plain_strings = true},
      {.form = "apertus", .write = apertus},
      {.form = "command-r7b", .write = command_r7b},
      {.form = "command-r", .write = command_r},
      {.form = "mistral",
       .write =
           [](const Calls& calls) {
             return each(calls, "", [](const WrittenCall& call) {
               return "[TOOL_CALLS]" + call.name + "[CALL_ID]abcdefghi[ARGS]" + spaced(call.arguments);
             });
           }},
      {.form = "mistral-list", .write = mistral_list},
      {.form = "granite-3", .write = [](const Calls& calls) { return "<|tool_call|>" + list(calls); }},
      {.form = "nemotron-v2", .write = [](const Calls& calls) { return "<TOOLCALL>" + list(calls) + "</TOOLCALL>"; }},
      {.form = "apriel", .write = [](const Calls& calls) { return "<tool_calls>" + list(calls) + "</tool_calls>"; }},
      {.form = "firefunction", .write = [](const Calls& calls) { return "functools" + list(calls); }},
      {.form = "gigachat",
       .write = [](const Calls& calls) { return "<|function_call|>" + object(calls[0]); },
       .single = true},
      {.form = "solar", .write = solar},
      {.form = "hermes", .write = hermes},
      {.form = "llama-3",
       .write = [](const Calls& calls) { return object(calls[0], "name", "parameters"); },
       .single = true,
       .after_text = "<|python_tag|>"},
  };
  return writers;
}

// A new form without a writer would go untested.
TEST(ReplyWriters, CoverEveryFormThatHasCalls) {
  for (const text::ReplyForm& form : text::reply_forms()) {
    const bool written = std::ranges::count(reply_writers(), form.name, &ReplyWriterOfForm::form) == 1;
    EXPECT_EQ(written, form.has_calls()) << form.name;
  }
}

}  // namespace rocmforge::testing
