// `rocmforge render`: renders a chat template or any other Jinja template.
#include <ctime>
#include <memory>
#include <optional>
#include <string>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file_text.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_lines.h"
#include "cli/model_source.h"
#include "gguf/reader.h"
#include "text/chat/chat_template.h"
#include "text/jinja/from_json.h"
#include "text/jinja/template.h"

namespace rocmforge::cli {
namespace {

namespace jinja = text::jinja;
using nlohmann::ordered_json;

struct RenderArguments {
  std::string model;
  std::string template_file;
  bool lines = false;
};

// A parsed template with its source, so that the same source is not parsed again, and with the variables that the model
// provides.
struct KnownTemplate {
  std::string source;
  jinja::Template parsed;
  ordered_json variables = ordered_json::object();
};

KnownTemplate parsed(std::string source, const std::string& name) {
  jinja::Template parsed_template = jinja::Template::parse(source, name);
  return {std::move(source), std::move(parsed_template)};
}

KnownTemplate model_template(const std::string& path) {
  const gguf::File file = gguf::File::open(path);
  auto source = file.metadata().find<std::string>(text::kChatTemplateKey);
  if (!source) {
    throw Error(ErrorCode::kNotFound, fmt::format("{}: no key '{}'", path, text::kChatTemplateKey),
                "the model comes without a chat template; --template names a file with one");
  }
  KnownTemplate known = parsed(*std::move(source), path);
  if (!file.metadata().contains("tokenizer.ggml.model")) return known;
  const text::Vocabulary vocabulary(file.metadata());
  for (const auto& [name, text] : text::token_texts(vocabulary)) known.variables[std::string(name)] = text;
  return known;
}

// Returns the template of -m or --template, if one was given.
std::optional<KnownTemplate> given_template(const RenderArguments& arguments) {
  if (!arguments.template_file.empty()) {
    if (!arguments.model.empty()) throw error(ErrorCode::kUsage, "--model and --template exclude each other");
    const FileText file(arguments.template_file);
    std::string source(file.text());
    file.check_intact();
    return parsed(std::move(source), arguments.template_file);
  }
  if (arguments.model.empty()) return std::nullopt;
  return model_template(path_of_model(arguments.model));
}

// Parses a time such as "2025-07-04T09:05:07".
std::tm parse_time(const std::string& text) {
  std::tm time{};
  const char* const end = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &time);
  if (end == nullptr || *end != '\0') {
    throw error(ErrorCode::kMalformed, "'now' is '{}', expected a time like 2025-07-04T09:05:07", printable(text));
  }
  time.tm_isdst = -1;
  mktime(&time);  // the days of the week and the year
  return time;
}

std::string fill_in(const KnownTemplate& known, ordered_json context, const jinja::RenderOptions& options = {}) {
  for (const auto& [name, value] : known.variables.items()) {
    if (!context.contains(name)) context[name] = value;
  }
  return known.parsed.render(jinja::from_json(context, jinja::Origin::kContext), options).text;
}

class LineRenderer {
 public:
  explicit LineRenderer(std::optional<KnownTemplate> given) : given_(std::move(given)) {}

  ordered_json answer(const ordered_json& line) {
    if (!line.is_object()) throw error(ErrorCode::kMalformed, "expected an object with the field 'context'");
    const KnownTemplate& known = template_of(line);
    jinja::RenderOptions options;
    if (line.contains("now")) options.now = parse_time(text_field(line, "now"));
    const auto context = line.find("context");
    if (context == line.end() || !context->is_object()) {
      throw error(ErrorCode::kMalformed, "the field 'context' is missing or no object");
    }
    return {{"text", fill_in(known, *context, options)}};
  }

 private:
  const KnownTemplate& template_of(const ordered_json& line) {
    if (line.contains("template_text")) {
      std::string source = text_field(line, "template_text");
      if (!last_ || last_->source != source) last_ = parsed(std::move(source), "template_text");
      return *last_;
    }
    if (!given_) {
      throw error(ErrorCode::kUsage, "there is no template: neither 'template_text' nor --model nor --template");
    }
    return *given_;
  }

  std::optional<KnownTemplate> given_;
  std::optional<KnownTemplate> last_;
};

void render(const RenderArguments& arguments) {
  std::optional<KnownTemplate> given = given_template(arguments);
  if (arguments.lines) {
    LineRenderer renderer(std::move(given));
    answer_json_lines([&](const ordered_json& line) { return renderer.answer(line); });
    return;
  }
  if (!given) throw error(ErrorCode::kUsage, "there is no template; --model or --template names one");
  const ordered_json context = parse_ordered_json(read_standard_input(kLongestJsonLine), "standard input");
  if (!context.is_object()) throw error(ErrorCode::kMalformed, "standard input: the context is no JSON object");
  fmt::print("{}", fill_in(*given, context));
}

}  // namespace

Command render_command() {
  const auto arguments = std::make_shared<RenderArguments>();
  return {
      .name = "render",
      .summary = "Render a chat template or any Jinja template",
      .details =
          "Standard input is the context: a JSON object with the variables for the\n"
          "template. Token names that it lacks (bos_token, ...) come from the model.\n"
          "With --jsonl every line of standard input is a request\n"
          "  {\"context\": {...}, \"template_text\": T, \"now\": \"2025-07-04T09:05:07\"}\n"
          "in which the last two fields are optional. The answer is a line {\"text\": T} or\n"
          "{\"error\": ...}. `now` is the time that strftime_now() prints.",
      .examples =
          "  echo '{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]}' |\n"
          "    rocmforge render -m model.gguf\n"
          "  rocmforge render --template chat.jinja --jsonl < requests.jsonl",
      .arguments = {{.names = "-m,--model",
                     .value = "MODEL",
                     .help = std::string(kModelHelp) + "; its chat template is used",
                     .place = &arguments->model,
                     .completes = Completes::kFile},
                    {.names = "--template",
                     .value = "F",
                     .help = "File with the template",
                     .place = &arguments->template_file,
                     .completes = Completes::kFile},
                    {.names = "--jsonl", .value = "", .help = "Read one request per line", .place = &arguments->lines}},
      .run = [arguments] { render(*arguments); },
  };
}

}  // namespace rocmforge::cli
