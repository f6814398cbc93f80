// Measures a chat template: parsing it, and rendering ten messages with three tools.
//
//   render/own        a template of this file, similar to Llama 3.1's
//   render/llama-3.1  the published one, if the reference data is present
//   parse/...         parsing the text, which happens once per model
//
// A prompt of this size takes tens of milliseconds to compute, so rendering should take well under one.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <benchmark/benchmark.h>
#include <nlohmann/json.hpp>

#include "text/jinja/from_json.h"
#include "text/jinja/template.h"

namespace rocmforge {
namespace {

namespace jinja = text::jinja;
using Json = nlohmann::ordered_json;

constexpr const char* kOwnTemplate = R"({{- bos }}
{%- set system = messages[0].content | trim if messages[0].role == 'system' else '' %}
{%- set rest = messages[1:] if system else messages %}
{{- '<|begin|>system\n' + system + '\n' }}
{%- if tools is defined and tools %}
    {{- 'You may call these functions:\n' }}
    {%- for tool in tools %}
        {{- tool | tojson(indent=4) }}
        {{- '\n\n' }}
    {%- endfor %}
{%- endif %}
{{- '<|end|>' }}
{%- for message in rest %}
    {%- if message.role == 'tool' %}
        {{- '<|begin|>tool\n' + message.content | tojson + '<|end|>' }}
    {%- elif 'tool_calls' in message %}
        {%- for call in message.tool_calls %}
            {{- '<|begin|>assistant\n{"name": "' ~ call.function.name ~ '", "parameters": ' }}
            {{- call.function.arguments | tojson ~ '}<|end|>' }}
        {%- endfor %}
    {%- else %}
        {{- '<|begin|>' + message['role'] + '\n' + message['content'] | trim + '<|end|>' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|begin|>assistant\n' }}{% endif %}
)";

Json tool(const std::string& name) {
  return {{"type", "function"},
          {"function",
           {{"name", name},
            {"description", "Looks something up and gives the answer in one line"},
            {"parameters",
             {{"type", "object"},
              {"properties",
               {{"city", {{"type", "string"}, {"description", "Where"}}},
                {"unit", {{"type", "string"}, {"enum", {"celsius", "fahrenheit"}}}},
                {"days", {{"type", "integer"}, {"description", "How many days ahead"}}}}},
              {"required", {"city"}}}}}}};
}

// Returns a conversation: a system prompt and ten turns, one of them a call with its answer.
Json conversation() {
  Json messages = {{{"role", "system"}, {"content", "You are a helpful assistant. Answer briefly."}}};
  for (int i = 0; i < 4; ++i) {
    messages.push_back(
        {{"role", "user"}, {"content", "What is the weather like in the town of my aunt? " + std::string(200, 'w')}});
    messages.push_back(
        {{"role", "assistant"}, {"content", " Quite fine, as far as I can tell. " + std::string(400, 'f')}});
  }
  const Json call = {{"name", "weather"}, {"arguments", {{"city", "Graz"}, {"days", 3}}}};
  messages.push_back(
      {{"role", "assistant"}, {"content", ""}, {"tool_calls", {{{"type", "function"}, {"function", call}}}}});
  messages.push_back({{"role", "tool"}, {"name", "weather"}, {"content", "{\"sky\": \"clear\", \"degrees\": 21}"}});
  return messages;
}

jinja::Value context() {
  const Json values = {{"messages", conversation()},
                       {"tools", {tool("weather"), tool("time"), tool("search")}},
                       {"add_generation_prompt", true},
                       {"bos", "<s>"},
                       {"bos_token", "<|begin_of_text|>"}};
  return jinja::from_json(values, jinja::Origin::kContext);
}

void render(benchmark::State& state, const std::string& source) {
  const jinja::Template parsed = jinja::Template::parse(source);
  const jinja::Value values = context();
  std::size_t bytes = 0;
  for (auto _ : state) {
    const jinja::Rendered rendered = parsed.render(values);
    bytes = rendered.text.size();
    benchmark::DoNotOptimize(rendered.data.data());
  }
  state.counters["bytes"] = static_cast<double>(bytes);
}

void parse(benchmark::State& state, const std::string& source) {
  for (auto _ : state) benchmark::DoNotOptimize(jinja::Template::parse(source));
}

void register_template(const std::string& name, const std::string& source) {
  benchmark::RegisterBenchmark(("render/" + name).c_str(), [source](benchmark::State& s) { render(s, source); });
  benchmark::RegisterBenchmark(("parse/" + name).c_str(), [source](benchmark::State& s) { parse(s, source); });
}

void register_all() {
  register_template("own", kOwnTemplate);
  const char* const told = std::getenv("ROCMFORGE_CONFORMANCE");
  const std::filesystem::path folder = told != nullptr ? told : "../shared/conformance";
  const std::filesystem::path file = folder / "template/templates/meta-llama-Llama-3.1-8B-Instruct.jinja";
  std::ifstream published(file, std::ios::binary);
  if (published) register_template("llama-3.1", {std::istreambuf_iterator<char>(published), {}});
}

}  // namespace
}  // namespace rocmforge

int main(int argc, char** argv) {
  rocmforge::register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
