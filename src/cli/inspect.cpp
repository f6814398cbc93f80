// `rocmforge inspect`: shows what a GGUF file holds and how much memory it needs, without running it.
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/model_source.h"
#include "cli/terminal.h"
#include "convert/mixes.h"
#include "convert/quantize_plan.h"
#include "gguf/reader.h"
#include "models/model_summary.h"

namespace rocmforge::cli {
namespace {

using models::Dimension;
using models::ModelSummary;

struct InspectArguments {
  std::string model;
  std::string cache_format = "F16";
  std::uint64_t context = 0;
  bool tensors = false;
  bool json = false;
};

// Returns the context length for the memory figures: the option's, or the trained length.
std::optional<std::uint64_t> context_of(const InspectArguments& arguments, const ModelSummary& summary) {
  return arguments.context > 0 ? std::optional(arguments.context) : summary.context_length;
}

const quant::Format& cache_format_of(const InspectArguments& arguments) {
  const quant::Format* format = quant::find_format(arguments.cache_format);
  using enum quant::FormatId;
  for (const quant::FormatId id : {kF32, kF16, kBF16, kQ8_0, kQ4_0}) {
    if (format != nullptr && format->id == id) return *format;
  }
  throw error(ErrorCode::kUsage, "--kv-type {}: expected F32, F16, BF16, Q8_0 or Q4_0",
              printable(arguments.cache_format));
}

// ---- For people ----

void print_row(std::string_view label, const std::string& text) {
  if (!text.empty()) fmt::print("  {:<15} {}\n", label, text);
}

std::string text_of(const std::optional<Dimension>& dimension, std::string_view unit = "") {
  if (!dimension) return "";
  return fmt::format("{}{}{}", group_digits(dimension->value), unit,
                     dimension->inferred ? " (inferred from the tensors)" : "");
}

std::string text_of(const std::optional<models::LayerRange>& range) {
  if (!range) return "";
  if (range->least == range->greatest) return fmt::format("{}", range->least);
  return fmt::format("{} to {}", range->least, range->greatest);
}

std::string heads_text(const ModelSummary& summary) {
  std::string text = text_of(summary.heads);
  if (text.empty()) return text;
  if (summary.kv_heads) text += fmt::format(", {} for keys and values", text_of(summary.kv_heads));
  if (summary.key_length) text += fmt::format(", {} wide", *summary.key_length);
  return text;
}

std::string file_text(const ModelSummary& summary) {
  return fmt::format("{}{}, {} tensors", format_bytes(summary.file_bytes),
                     summary.files > 1 ? fmt::format(" in {} files", summary.files) : "", summary.tensors);
}

std::string mix_text(const ModelSummary& summary) {
  if (!summary.file_type) return "";
  if (const convert::Mix* mix = convert::find_mix_of_file_type(*summary.file_type))
    return std::string(mix->name) + ", ";
  for (const quant::Format& format : quant::formats()) {
    if (convert::Target{.format = &format}.file_type() == summary.file_type) return std::string(format.name) + ", ";
  }
  return "";
}

std::string tokenizer_text(const ModelSummary& summary) {
  if (!summary.tokenizer || summary.tokenizer->model == "none") return "none";
  const models::TokenizerSummary& tokenizer = *summary.tokenizer;
  std::string text = printable(tokenizer.model, 30);
  if (!tokenizer.pre.empty()) text += fmt::format(" ({})", printable(tokenizer.pre, 30));
  text += fmt::format(", {} tokens", group_digits(tokenizer.tokens));
  if (tokenizer.bos) text += fmt::format(", BOS {}", *tokenizer.bos);
  if (tokenizer.eos) text += fmt::format(", EOS {}", *tokenizer.eos);
  return text;
}

void print_formats(const ModelSummary& summary) {
  fmt::print("\n  {:<15} {:>8} {:>12} {:>12} {:>8}\n", "format", "tensors", "parameters", "size", "bits");
  std::vector<std::string_view> own;
  for (const models::FormatShare& share : summary.formats) {
    if (share.format->is_our_own()) own.push_back(share.format->name);
    fmt::print("  {:<15} {:>8} {:>12} {:>12} {:>8.4g}\n", share.format->name, share.tensors,
               format_count(share.elements), format_bytes(share.bytes), share.format->bits_per_value());
  }
  if (!own.empty())
    fmt::print("\n  Of ROCmForge's own: {}. Other programs cannot read this file.\n", fmt::join(own, ", "));
}

void print_memory(const InspectArguments& arguments, const ModelSummary& summary) {
  fmt::print("\n");
  print_row("weights", format_bytes(summary.weight_bytes));
  const auto context = context_of(arguments, summary);
  if (!context || (summary.cache.values_per_token == 0 && summary.cache.state_values == 0)) return;
  const quant::Format& format = cache_format_of(arguments);
  const std::uint64_t bytes = summary.cache_bytes(*context, format);
  const std::string_view what = summary.cache.values_per_token == 0 ? "state" : "KV cache";
  print_row(what, fmt::format("{}{} for {} tokens{}{}", summary.cache.has_window ? "at most " : "", format_bytes(bytes),
                              group_digits(*context),
                              summary.cache.values_per_token == 0 ? "" : fmt::format(" in {}", format.name),
                              arguments.context == 0 ? ", the trained length" : ""));
  print_row("together", fmt::format("{}{}, and buffers", summary.cache.has_window ? "at most " : "",
                                    format_bytes(summary.weight_bytes + bytes)));
}

void print_tensors(const gguf::File& file) {
  fmt::print("\n  {:<35} {:>20} {:>10} {:>10}\n", "tensor", "shape", "format", "size");
  for (const gguf::Tensor& tensor : file.tensors()) {
    fmt::print("  {:<35} {:>20} {:>10} {:>10}\n", printable(tensor.name), to_string(tensor.shape), tensor.format->name,
               format_bytes(tensor.bytes.size()));
  }
}

void print_summary(const InspectArguments& arguments, const gguf::File& file, const ModelSummary& summary) {
  const TerminalStyle style = style_of(stdout);
  fmt::print("{}{}{}\n", style.bold, printable(summary.name.empty() ? file.path() : summary.name, 78), style.reset);
  print_row("file", file_text(summary));
  print_row("architecture", summary.architecture.empty() ? "not stated" : printable(summary.architecture));
  print_row("type", printable(summary.type));
  if (summary.parameters > 0) {
    print_row("parameters", fmt::format("{} ({})", format_count(summary.parameters), group_digits(summary.parameters)));
    print_row("quantization", fmt::format("{}{:.4f} bits per weight", mix_text(summary), summary.bits_per_weight()));
  }
  if (summary.context_length) print_row("context", group_digits(*summary.context_length) + " tokens");
  print_row("layers", text_of(summary.layers));
  print_row("width", text_of(summary.width));
  print_row("heads", heads_text(summary));
  print_row("FFN width", text_of(summary.ffn_width));
  if (summary.experts > 0) {
    print_row("experts", fmt::format("{}, {} used for a token", summary.experts, summary.experts_used));
  }
  if (summary.cache.recurrent_layers > 0) {
    print_row("recurrent", fmt::format("{} layers keep a state; {} have attention", summary.cache.recurrent_layers,
                                       summary.cache.attention_layers));
  }
  print_row("vocabulary", text_of(summary.vocabulary, " tokens"));
  if (summary.tied_embeddings) print_row("output", "tied: the token embeddings serve as output matrix");
  print_row("tokenizer", tokenizer_text(summary));
  print_row("chat template",
            summary.chat_template_bytes ? group_digits(*summary.chat_template_bytes) + " bytes" : "none");
  if (summary.tensors == 0) return;
  print_formats(summary);
  print_memory(arguments, summary);
  if (arguments.tensors) print_tensors(file);
}

// ---- For programs ----

using Json = nlohmann::ordered_json;

Json json_of(const std::optional<Dimension>& dimension) {
  if (!dimension) return nullptr;
  return {{"value", dimension->value}, {"inferred", dimension->inferred}};
}

Json json_of(const std::optional<models::LayerRange>& range) {
  if (!range) return nullptr;
  return {{"min", range->least}, {"max", range->greatest}};
}

template <typename T>
Json json_of(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json json_of(const gguf::Value& value) {
  using gguf::ValueType;
  if (value.type() == ValueType::kString) return value.string();
  if (value.type() == ValueType::kBool) return value.boolean();
  if (value.type() == ValueType::kArray) {
    Json items = Json::array();
    for (const gguf::Value& item : value.array()) items.push_back(json_of(item));
    return items;
  }
  return gguf::visit_number_type(value.type(),
                                 [&](auto type) -> Json { return value.number<typename decltype(type)::type>(); });
}

Json formats_json(const ModelSummary& summary) {
  Json formats = Json::array();
  for (const models::FormatShare& share : summary.formats) {
    formats.push_back({{"format", share.format->name},
                       {"tensors", share.tensors},
                       {"parameters", share.elements},
                       {"bytes", share.bytes},
                       {"bits_per_weight", share.format->bits_per_value()},
                       {"rocmforge_only", share.format->is_our_own()}});
  }
  return formats;
}

Json tokenizer_json(const ModelSummary& summary) {
  if (!summary.tokenizer) return nullptr;
  const models::TokenizerSummary& tokenizer = *summary.tokenizer;
  return {{"model", tokenizer.model},   {"pre", tokenizer.pre},          {"tokens", tokenizer.tokens},
          {"merges", tokenizer.merges}, {"bos", json_of(tokenizer.bos)}, {"eos", json_of(tokenizer.eos)}};
}

Json memory_json(const InspectArguments& arguments, const ModelSummary& summary) {
  Json memory = {{"weight_bytes", summary.weight_bytes}};
  if (const auto context = context_of(arguments, summary)) {
    const quant::Format& format = cache_format_of(arguments);
    memory["context"] = *context;
    memory["kv_type"] = format.name;
    memory["kv_bytes"] = summary.cache_bytes(*context, format);
    memory["kv_bytes_is_upper_bound"] = summary.cache.has_window;
  }
  return memory;
}

Json tensors_json(const gguf::File& file) {
  Json tensors = Json::array();
  for (const gguf::Tensor& tensor : file.tensors()) {
    tensors.push_back({{"name", tensor.name},
                       {"shape", tensor.shape.dimensions()},
                       {"format", tensor.format->name},
                       {"bytes", tensor.bytes.size()},
                       {"part", tensor.part}});
  }
  return tensors;
}

Json json_of(const InspectArguments& arguments, const gguf::File& file, const ModelSummary& summary) {
  Json keys = Json::object();
  for (const gguf::Metadata::Entry& entry : file.metadata().entries())
    keys[std::string(entry.key)] = json_of(entry.value);
  Json json = {
      {"path", file.path()},
      {"files", summary.files},
      {"file_bytes", summary.file_bytes},
      {"gguf_version", file.parts().front().version},
      {"architecture", summary.architecture},
      {"name", summary.name},
      {"type", summary.type},
      {"file_type", json_of(summary.file_type)},
      {"parameters", summary.parameters},
      {"bits_per_weight", summary.bits_per_weight()},
      {"context_length", json_of(summary.context_length)},
      {"layers", json_of(summary.layers)},
      {"width", json_of(summary.width)},
      {"heads", json_of(summary.heads)},
      {"kv_heads", json_of(summary.kv_heads)},
      {"key_length", json_of(summary.key_length)},
      {"value_length", json_of(summary.value_length)},
      {"ffn_width", json_of(summary.ffn_width)},
      {"vocabulary", json_of(summary.vocabulary)},
      {"experts", summary.experts},
      {"experts_used", summary.experts_used},
      {"attention_layers", summary.cache.attention_layers},
      {"recurrent_layers", summary.cache.recurrent_layers},
      {"tied_embeddings", summary.tied_embeddings},
      {"tokenizer", tokenizer_json(summary)},
      {"chat_template_bytes", json_of(summary.chat_template_bytes)},
      {"formats", formats_json(summary)},
      {"memory", memory_json(arguments, summary)},
      {"metadata", std::move(keys)},
      {"tensors", tensors_json(file)},
  };
  return json;
}

void inspect(const InspectArguments& arguments) {
  cache_format_of(arguments);  // a wrong one is an error before any work
  const gguf::File file = gguf::File::open(path_of_model(arguments.model));
  const ModelSummary summary = models::summarize(file);
  if (arguments.json) {
    fmt::print("{}\n", dump_json(json_of(arguments, file, summary), 2));
  } else {
    print_summary(arguments, file, summary);
  }
  file.check_intact();
}

}  // namespace

Command inspect_command() {
  const auto arguments = std::make_shared<InspectArguments>();
  return {
      .name = "inspect",
      .summary = "Show what a GGUF file holds and how much memory it needs",
      .details = "",
      .examples =
          "  rocmforge inspect model.gguf\n"
          "  rocmforge inspect model.gguf --ctx 8192 --kv-type Q8_0\n"
          "  rocmforge inspect model.gguf --tensors\n"
          "  rocmforge inspect model.gguf --json",
      .arguments = {{.names = "MODEL",
                     .value = "MODEL",
                     .help = kModelHelp,
                     .place = &arguments->model,
                     .required = true,
                     .completes = Completes::kFile},
                    {.names = "--tensors", .value = "", .help = "List every tensor", .place = &arguments->tensors},
                    {.names = "--ctx",
                     .value = "N",
                     .help = "Context length for the memory figures (default: the trained length)",
                     .place = &arguments->context},
                    {.names = "--kv-type",
                     .value = "TYPE",
                     .help = "Type of the KV cache: F32, F16, BF16, Q8_0 or Q4_0 (default: F16)",
                     .place = &arguments->cache_format,
                     .completes = Completes::kChoices,
                     .choices = {"F32", "F16", "BF16", "Q8_0", "Q4_0"}},
                    {.names = "--json",
                     .value = "",
                     .help = "Print everything as JSON, with tensors and metadata",
                     .place = &arguments->json}},
      .run = [arguments] { inspect(*arguments); },
  };
}

}  // namespace rocmforge::cli
