// Every option of every command either changes what the command does, or is refused by name. A switch that does nothing
// tells its user a falsehood.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "cli/commands.h"
#include "support/chat_model.h"
#include "support/program.h"
#include "support/temp_folder.h"
#include "support/tiny_model.h"

namespace rocmforge {
namespace {

using testing::Answer;
using testing::rocmforge;

// How an option is tried: a call without it and a value with which the answer must differ.
struct Trial {
  std::vector<std::string> without;
  std::vector<std::string> with;  // added to it
  std::string input = {};
};

// What a user notices of a call: its status, output, messages and files.
std::string noticed(const std::vector<std::string>& words, const std::string& input,
                    const testing::TempFolder& folder) {
  const Answer answer = rocmforge(words, input);
  std::string all = std::to_string(answer.exit_code) + answer.output + answer.errors;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    if (entry.path().filename().string().starts_with("out")) {
      all += entry.path().filename().string() + testing::read_text(entry.path().string());
      std::filesystem::remove_all(entry.path());
    }
  }
  return all;
}

class Options : public ::testing::Test {
 protected:
  void SetUp() override {
    model_ = testing::chat_model(folder_ / "model.gguf", {.script = {"one", " two", " three"}, .context = 512});
    llama_ = testing::tiny_llama(folder_ / "llama.gguf");
    folder_.write("tokens.json", "{\"tokens\":[1,2,3]}");
    folder_.write("book.txt", std::string(200, 'x') + std::string(100, 'y'));
    folder_.write("template.jinja", "{{ x }}");
    const std::vector<std::string> raw = {"run", model_,         "--raw",  "some words", "-n",
                                          "30",  "--ignore-eos", "--seed", "1",          "--temp",
                                          "2",   "--top-k",      "0",      "--top-p",    "1"};
    const auto sampled = [&](std::vector<std::string> with) { trials_.push_back({raw, std::move(with)}); };
    const auto plain = [&](std::vector<std::string> without, std::vector<std::string> with, std::string input = {}) {
      trials_.push_back({std::move(without), std::move(with), std::move(input)});
    };
    // Each line: a call, and the option that must change something or be refused.
    const std::vector<std::string> run = {"run", model_, "Who?"};
    plain({"run", "Who are you?", "-n", "5"}, {"--model", model_});
    plain({"run", model_, "Who?", "-n", "2"}, {"--system", "x", "--raw"});
    plain({"run", "demo", "Who are you?", "--stats"}, {"--system", "You are Bob."});
    plain({"run", "demo", "What is 345 + 678?", "--stats"}, {"--think"});
    plain({"run", "demo", "Who?", "--raw"}, {"--no-think"});
    plain(run, {"--raw"});
    plain(run, {"--jsonl"});
    plain({"run", model_, "--raw", "-n", "3", "--seed", "1"}, {"--tokens", folder_ / "tokens.json"});
    plain(run, {"--stats"});
    plain(run, {"--no-history"});
    plain(run, {"-n", "1"});
    plain(run, {"--stop", "two"});
    plain({"run", model_, "--raw", "x\n", "--ctx", "32", "-n", "60", "--ignore-eos", "--seed", "1"},
          {"--context-shift"});
    plain({"run", "demo", "Who are you?", "-n", "40"}, {"--ignore-eos"});
    plain(run, {"--logit-bias", "260-inf", "--seed", "1"});
    plain({"run", model_, "--raw", "x", "-n", "20", "--ignore-eos", "--temp", "9", "--top-k", "0"}, {"--seed", "5"});
    plain({"run", model_, "--raw", "x", "-n", "20", "--ignore-eos", "--top-k", "0", "--seed", "1"}, {"--temp", "50"});
    plain({"run", model_, "--raw", "x", "-n", "20", "--ignore-eos", "--temp", "9", "--seed", "1"}, {"--top-k", "1"});
    plain({"run", model_, "--raw", "x", "-n", "20", "--ignore-eos", "--temp", "9", "--seed", "1", "--top-k", "0"},
          {"--top-p", "0.01"});
    sampled({"--min-p", "1"});
    sampled({"--samplers", "temperature"});
    sampled({"--typical", "0.01"});
    sampled({"--top-n-sigma", "0.01"});
    sampled({"--xtc-probability", "1", "--xtc-threshold", "0.0001"});
    plain({raw[0], raw[1], raw[2], raw[3], "-n", "30", "--ignore-eos", "--seed", "1", "--xtc-probability", "1",
           "--temp", "9", "--top-k", "0", "--min-p", "0"},
          {"--xtc-threshold", "0.0001"});
    sampled({"--dynatemp-range", "2"});
    const std::vector<std::string> once = {"run", "demo", "--raw", "Once", "--ignore-eos"};
    const auto of_demo = [&](std::vector<std::string> more, std::vector<std::string> with) {
      more.insert(more.begin(), once.begin(), once.end());
      plain(std::move(more), std::move(with));
    };
    of_demo({"-n", "40", "--seed", "1", "--temp", "2", "--top-k", "0", "--top-p", "1", "--dynatemp-range", "2"},
            {"--dynatemp-exp", "5"});
    const std::vector<std::string> dry = {"-n", "200", "--temp", "0", "--dry-penalty-last-n", "-1", "--dry-multiplier",
                                          "0.2"};
    of_demo(dry, {"--dry-base", "100"});
    of_demo({"-n", "150", "--temp", "0", "--dry-penalty-last-n", "-1", "--dry-multiplier", "1"},
            {"--dry-sequence-breaker", "a"});
    plain({raw[0], raw[1], raw[2], raw[3], "-n", "30", "--ignore-eos", "--seed", "1", "--temp", "9", "--top-k", "0",
           "--top-p", "0.01"},
          {"--min-keep", "50"});
    plain({"run", model_, "--raw", "some words", "-n", "30", "--ignore-eos", "--seed", "1", "--temp", "2"},
          {"--mirostat", "2"});
    plain({"run", model_, "--raw", "some words", "-n", "30", "--ignore-eos", "--seed", "1", "--temp", "2", "--mirostat",
           "2"},
          {"--mirostat-ent", "0.01"});
    plain({"run", model_, "--raw", "some words", "-n", "60", "--ignore-eos", "--seed", "1", "--temp", "2", "--mirostat",
           "2"},
          {"--mirostat-lr", "1"});
    const std::vector<std::string> greedy = {"run", model_,   "--raw", "\none two three", "-n",
                                             "60",  "--temp", "0",     "--ignore-eos"};
    const auto repeated = [&](std::vector<std::string> with, std::vector<std::string> before = {}) {
      std::vector<std::string> without = greedy;
      without.insert(without.end(), before.begin(), before.end());
      trials_.push_back({without, std::move(with)});
    };
    repeated({"--repeat-last-n", "3"}, {"--repeat-penalty", "5"});
    repeated({"--repeat-penalty", "5"});
    repeated({"--presence-penalty", "20"});
    repeated({"--frequency-penalty", "20"});
    repeated({"--dry-multiplier", "20"});
    repeated({"--dry-allowed-length", "9"}, {"--dry-multiplier", "20"});
    repeated({"--dry-penalty-last-n", "4"}, {"--dry-multiplier", "20"});
    // Of every command that loads a model.
    const std::vector<std::string> logits = {
        "logits", "-m", llama_, "--tokens", folder_ / "tokens.json", "--out", folder_ / "out.npy"};
    for (const std::vector<std::string>& load : {run,
                                                 logits,
                                                 {"perplexity", "-m", model_, "-f", folder_ / "book.txt", "-c", "32"},
                                                 {"embed", "-m", model_, "--text", "x", "--pooling", "mean"}}) {
      plain(load, {"--device", "ref"});
      plain(load, {"--isa", "scalar"});
      plain(load, {"--threads", "1"});
      plain(load, {"--ctx", "300"});
      plain(load, {"--kv-type", "Q4_0"});
      plain(load, {"--kv-type-k", "Q4_0"});
      plain(load, {"--kv-type-v", "Q4_0"});
      plain(load, {"--preload"});
      plain(load, {"--mlock"});
    }
    plain(logits, {"--step"});
    plain({"embed", "-m", model_, "--text", "x", "--pooling", "mean"}, {"--pooling", "last"});
    plain({"embed", "-m", model_, "--pooling", "mean"}, {"--text", "abc"}, "x");
    plain({"embed", "-m", model_, "--pooling", "mean"}, {"--jsonl"}, "{\"text\":\"x\"}\n");
    plain({"embed", "-m", model_, "--text", "x", "--pooling", "mean"}, {"--no-normalize"});
    plain({"perplexity", "-m", model_, "-f", folder_ / "book.txt", "-c", "32"}, {"--stride", "8"});
    plain({"perplexity", "-m", model_, "-f", folder_ / "book.txt"}, {"-c", "32"});
    plain({"perplexity", "-m", model_, "-f", folder_ / "book.txt", "-c", "32"}, {"--json"});
    plain({"inspect", model_}, {"--tensors"});
    plain({"inspect", model_}, {"--json"});
    plain({"inspect", model_}, {"--ctx", "64"});
    plain({"inspect", model_}, {"--kv-type", "Q8_0"});
    const std::vector<std::string> quantize = {"quantize", llama_, folder_ / "out.gguf", "Q4_K_M", "--dry-run"};
    plain({"quantize", llama_, folder_ / "out.gguf", "Q4_K", "--dry-run"}, {"--pure"});
    plain(quantize, {"--imatrix", folder_ / "book.txt"});
    plain(quantize, {"--tensor", "attn_q=Q8_0"});
    plain(quantize, {"--keep-output"});
    plain({"quantize", llama_, folder_ / "out.gguf", "Q4_K_M"}, {"--split-max-size", "100K"});
    plain({"quantize", llama_, folder_ / "out.gguf", "Q4_K_M"}, {"--dry-run"});
    plain(quantize, {"--json"});
    plain({"dequantize", model_, "--tensor", "output_norm.weight", "--out", folder_ / "out.npy"},
          {"--tensor", "token_embd.weight"});
    plain({"tokenize", "-m", model_}, {"--text", "abc"}, "x");
    plain({"tokenize", "-m", model_}, {"--jsonl"}, "{\"text\":\"x\"}\n");
    plain({"tokenize", "-m", model_, "--text", "12345"}, {"--pre-tokenizer", "no-such"});
    plain({"tokenize", "-m", model_, "--text", "a<|im_end|>"}, {"--parse-special"});
    plain({"detokenize", "-m", model_}, {"--ids", "[65]"}, "[66]");
    plain({"detokenize", "-m", model_, "--ids", "[65, 258]"}, {"--no-special"});
    plain({"detokenize", "-m", model_, "--ids", "[65]"}, {"--pre-tokenizer", "no-such"});
    plain({"detokenize", "-m", model_}, {"--jsonl"}, "{\"ids\":[65]}\n");
    plain({"render"}, {"--template", folder_ / "template.jinja"}, "{\"x\":1}");
    plain({"render"}, {"--model", model_}, "{\"messages\":[]}");
    plain({"render", "--template", folder_ / "template.jinja"}, {"--jsonl"}, "{\"context\":{\"x\":1}}\n");
    plain({"models"}, {"--json"});
    plain({"bench", "--roofline"}, {"--json"});
    plain({"bench", "--roofline"}, {"-o", "json"});
    plain({"bench"}, {"--roofline"});
    const std::vector<std::string> bench = {"bench", "-m", llama_, "-p", "4", "-n", "2", "-r", "1"};
    plain({"bench", "-p", "4", "-n", "2", "-r", "1"}, {"--model", llama_});
    plain(bench, {"--synthetic", "llama-0.5b"});
    plain(bench, {"--type", "Q8_0"});
    plain(bench, {"--save", folder_ / "out.gguf"});
  }

  testing::TempFolder folder_;
  std::string model_;
  std::string llama_;
  std::vector<Trial> trials_;
};

// Figures of time differ from run to run and prove nothing.
std::string without_times(std::string text) {
  const std::regex time(R"([0-9.]+ (s|tokens/s|GB/s|a second)|in [0-9.]+ s|"[a-z_]*seconds": ?[0-9.e-]+|/tmp/[^ ]*)");
  return std::regex_replace(text, time, "");
}

TEST_F(Options, EachChangesSomethingOrIsRefused) {
  for (const Trial& trial : trials_) {
    std::vector<std::string> words = trial.without;
    const std::string without = without_times(noticed(words, trial.input, folder_));
    words.insert(words.end(), trial.with.begin(), trial.with.end());
    const std::string with = without_times(noticed(words, trial.input, folder_));
    EXPECT_NE(with, without) << trial.without.front() << " " << trial.with.front();
  }
}

// A new option must be tried, too.
TEST_F(Options, AllAreTried) {
  // What others test: measured times, files of the web, and what cannot be seen from outside.
  const std::map<std::string, std::set<std::string>> elsewhere = {
      {"bench",
       {"-p", "-n", "-b", "-d", "-r", "--device", "--isa", "--threads", "--ctx", "--kv-type", "--kv-type-k",
        "--kv-type-v", "--preload", "--mlock"}},
      {"pull", {"--name", "--hub", "--connections", "--json"}},
      {"convert", {"--type", "--dequantize", "--threads", "--json"}},
      {"quantize", {"--threads", "--allow-requantize"}},
      {"tokenize", {"--json", "--no-special"}},
  };
  for (const cli::Command& command : cli::all_commands()) {
    std::set<std::string> tried;
    for (const Trial& trial : trials_) {
      if (trial.without.front() != command.name) continue;
      tried.insert(trial.with.begin(), trial.with.end());
      tried.insert(trial.without.begin(), trial.without.end());
    }
    for (const cli::Argument& argument : command.arguments) {
      if (argument.is_positional()) continue;
      std::set<std::string> names;
      std::istringstream list(argument.names);
      for (std::string name; std::getline(list, name, ',');) names.insert(name);
      const auto known = elsewhere.find(std::string(command.name));
      const bool is_tried = std::ranges::any_of(names, [&](const std::string& name) {
        return tried.contains(name) || (known != elsewhere.end() && known->second.contains(name));
      });
      EXPECT_TRUE(is_tried) << command.name << " " << argument.names;
    }
  }
}

}  // namespace
}  // namespace rocmforge
