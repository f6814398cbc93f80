// Tests `rocmforge pull`, `models`, `rm`, and names in place of files, against a local hub.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <random>
#include <thread>

#include <nlohmann/json.hpp>

#include "store/model_store.h"
#include "support/chat_model.h"
#include "support/hub_server.h"
#include "support/program.h"

namespace rocmforge {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::AllOf;
using testing::Answer;
using ::testing::HasSubstr;
using testing::HubBehavior;
using testing::HubServer;
using testing::model_bytes;
using ::testing::Not;
using testing::Program;
using testing::TempFolder;

constexpr std::size_t kMiB = std::size_t{1} << 20;

class PullCommand : public ::testing::Test {
 protected:
  // Returns the command with this store and hub, and without other variables of the test's environment.
  std::vector<std::string> command(const HubServer& hub, std::vector<std::string> arguments) const {
    std::vector<std::string> words = {
        "/usr/bin/env",       "no_proxy=*",    "ROCMFORGE_MODELS=" + (folder_ / "models"), "HF_ENDPOINT=" + hub.url(),
        "HF_TOKEN=" + token_, ROCMFORGE_BINARY};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return words;
  }
  Answer run(const HubServer& hub, std::vector<std::string> arguments) const {
    return Program(command(hub, std::move(arguments))).wait();
  }
  std::string stored(const std::string& content) const {
    return folder_ / ("models/blobs/sha256-" + store::sha256_of(content));
  }
  std::string chat_model_bytes() const {
    return testing::read_text(testing::chat_model(folder_ / "made.gguf", {.script = {"Hello", " there"}}));
  }

  TempFolder folder_{testing::memory_disk()};
  std::string token_;
};

// A download keeps its promise: whenever it is killed, the next one continues, and the file is right in the end.
TEST_F(PullCommand, KilledTwentyTimesItEndsWithTheRightFile) {
  constexpr std::size_t kSize = 16 * kMiB;
  HubServer hub;
  const std::string content = model_bytes(kSize);
  hub.add("org/r", "m-Q4_K_M.gguf", content);
  std::mt19937 random(20);
  for (int i = 0; i < 20; ++i) {
    // The server holds the rest, so that the program cannot end before it is killed. Some get nothing at all.
    const std::uint64_t until = hub.content_sent() + (i % 4 == 0 ? 0 : random() % (700 * 1024));
    hub.allow(until);
    Program program(command(hub, {"pull", "hf:org/r"}));
    while (program.is_running() && hub.content_sent() < until) std::this_thread::sleep_for(500us);
    EXPECT_TRUE(program.is_running());
    program.signal(SIGKILL);
    program.wait();
    EXPECT_FALSE(fs::exists(stored(content)));
  }
  const auto listed = nlohmann::json::parse(run(hub, {"models", "--json"}).output);
  const auto there = listed.at(0).at("bytes_there").get<std::uint64_t>();
  hub.allow(UINT64_MAX);
  const std::uint64_t before = hub.content_sent();
  const Answer answer = run(hub, {"pull", "hf:org/r"});
  EXPECT_EQ(answer.exit_code, 0) << answer.errors;
  EXPECT_TRUE(testing::read_text(stored(content)) == content);
  // A look at the file asks for one byte.
  EXPECT_LE(hub.content_sent() - before, kSize - there + 1) << "what is there is not fetched again";
}

TEST_F(PullCommand, TwoAtOnceFinishOnce) {
  HubServer hub;
  const std::string content = model_bytes(2 * kMiB);
  hub.add("org/r", "m-Q4_K_M.gguf", content);
  hub.allow(50'000);
  Program first(command(hub, {"pull", "hf:org/r"}));
  while (first.is_running() && hub.content_sent() < 50'000) std::this_thread::sleep_for(1ms);
  Program waiting(command(hub, {"pull", "hf:org/r"}));
  while (waiting.is_running() && waiting.errors_so_far().find("waiting") == std::string::npos)
    std::this_thread::sleep_for(1ms);
  hub.allow(UINT64_MAX);
  const Answer second = waiting.wait();
  EXPECT_EQ(first.wait().exit_code, 0);
  EXPECT_EQ(second.exit_code, 0);
  EXPECT_THAT(second.errors, AllOf(HasSubstr("waiting"), HasSubstr("nothing has changed")));
  EXPECT_TRUE(testing::read_text(stored(content)) == content);
  EXPECT_LT(hub.bytes_sent(), content.size() + 10'000);
}

TEST_F(PullCommand, CtrlCKeepsWhatThereIs) {
  HubServer hub;
  hub.add("org/r", "m-Q4_K_M.gguf", model_bytes(2 * kMiB));
  hub.allow(300'000);
  Program program(command(hub, {"pull", "hf:org/r"}));
  while (program.is_running() && hub.content_sent() < 300'000) std::this_thread::sleep_for(1ms);
  program.signal(SIGINT);
  const Answer answer = program.wait();
  EXPECT_EQ(answer.exit_code, 130);
  EXPECT_THAT(answer.errors, HasSubstr("the same command goes on from here"));
  const Answer listed = run(hub, {"models"});
  EXPECT_THAT(listed.output, AllOf(HasSubstr("hf:org/r:Q4_K_M"), HasSubstr("of it so far")));
  const Answer removed = run(hub, {"rm", "hf:org/r:Q4_K_M"});
  EXPECT_THAT(removed.output, HasSubstr("freed"));
  EXPECT_TRUE(fs::is_empty(folder_ / "models/partial"));
}

// Messages must not contain tokens or signatures.
TEST_F(PullCommand, ErrorsHoldNoSecrets) {
  token_ = "hf_mysecret";
  HubServer hub({.token = "hf_mysecret", .failures = 1, .failure_status = 410, .signatures_last = 0});
  hub.add("org/r", "m-Q4_K_M.gguf", model_bytes(1000));
  const Answer answer = run(hub, {"--log-level", "trace", "pull", "hf:org/r"});
  EXPECT_EQ(answer.exit_code, 1);
  EXPECT_THAT(answer.errors, AllOf(HasSubstr(hub.elsewhere() + "/org/r/m-Q4_K_M.gguf"), HasSubstr("HTTP 403"),
                                   Not(HasSubstr("SECRET")), Not(HasSubstr("mysecret"))));
}

TEST_F(PullCommand, PullsListsAndRemoves) {
  HubServer hub;
  hub.add("org/Tiny-GGUF", "tiny-Q4_K_M.gguf", model_bytes(70'000));
  hub.add("org/Tiny-GGUF", "tiny-Q8_0.gguf", model_bytes(90'000, 2));
  hub.add("org/Tiny-GGUF", "mmproj-tiny-f16.gguf", model_bytes(10, 3));
  const Answer pulled = run(hub, {"pull", "hf:org/Tiny-GGUF", "--json"});
  ASSERT_EQ(pulled.exit_code, 0) << pulled.errors;
  const auto result = nlohmann::json::parse(pulled.output);
  EXPECT_EQ(result["name"], "hf:org/Tiny-GGUF:Q4_K_M");
  EXPECT_EQ(result["bytes"], 70'000);
  EXPECT_TRUE(testing::read_text(result["path"]) == model_bytes(70'000));
  EXPECT_EQ(run(hub, {"pull", "hf:org/Tiny-GGUF:q8_0", "--name", "big"}).exit_code, 0);

  const Answer table = run(hub, {"models"});
  EXPECT_THAT(table.output, AllOf(HasSubstr("hf:org/Tiny-GGUF:Q4_K_M"), HasSubstr("68.4 KiB"), HasSubstr("big"),
                                  HasSubstr("Q8_0"), HasSubstr("20")));
  const auto list = nlohmann::json::parse(run(hub, {"models", "--json"}).output);
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0]["source"], "hf:org/Tiny-GGUF:Q8_0");
  EXPECT_EQ(list[1]["complete"], true);

  EXPECT_EQ(run(hub, {"rm", "no-such"}).exit_code, 1);
  const Answer removed = run(hub, {"rm", "big", "tiny", "Tiny"});
  EXPECT_EQ(removed.exit_code, 0) << removed.errors;
  EXPECT_THAT(removed.output, AllOf(HasSubstr("big: removed, 87.9 KiB freed"), HasSubstr("Q4_K_M: removed, 68.4 KiB")));
  EXPECT_THAT(run(hub, {"models"}).output, HasSubstr("there are no models in"));
}

// A name is looked up as a name first, and then as a source.
TEST_F(PullCommand, RemovesTheNameAndNotItsSource) {
  const HubServer hub;
  const store::ModelStore store(folder_ / "models");
  store::Manifest model;
  model.name = model.source = "hf:org/r:Q8_0";
  model.files = {{"m.gguf", 9, std::string(64, 'a'), ""}};
  store.begin(model);
  model.files.front().sha256 = std::string(64, 'b');
  for (const char* const name : {"a", "mine"}) {
    model.name = name;
    store.begin(model);
  }
  EXPECT_THAT(run(hub, {"rm", "hf:org/r:Q8_0"}).output,
              HasSubstr("hf:org/r:Q8_0: removed, its files were gone already"));
  EXPECT_EQ(store.unfinished().size(), 2u);
  const Answer several = run(hub, {"rm", "hf:org/r:Q8_0"});
  EXPECT_EQ(several.exit_code, 2);
  EXPECT_THAT(several.errors, HasSubstr("2 models are called so:\n       a\n       mine"));
  EXPECT_EQ(run(hub, {"rm", "a"}).exit_code, 0);
  EXPECT_THAT(run(hub, {"rm", "hf:org/r:Q8_0"}).output, HasSubstr("mine: removed"));
}

// An unfinished model can be removed by the source it was pulled from.
TEST_F(PullCommand, RemovesWhatIsUnfinished) {
  const HubServer hub;
  const store::ModelStore store(folder_ / "models");
  store::Manifest model;
  model.name = model.source = "hf:org/Slow-GGUF:Q8_0";
  model.repository = "org/Slow-GGUF";
  model.quant = "Q8_0";
  model.files = {{"slow-Q8_0.gguf", 9, std::string(64, 'a'), ""}};
  for (const std::string& word : {std::string("slow"), std::string("hf:org/slow-gguf"),
                                  hub.url() + "/org/Slow-GGUF/resolve/main/slow-Q8_0.gguf"}) {
    store.begin(model);
    const Answer answer = run(hub, {"rm", word});
    EXPECT_EQ(answer.exit_code, 0) << answer.errors;
    EXPECT_TRUE(store.unfinished().empty());
  }
}

TEST_F(PullCommand, HintsFitWhatIsWrong) {
  const HubServer hub;
  EXPECT_THAT(run(hub, {"pull", "./none"}).errors, Not(HasSubstr("hf:")));
  EXPECT_THAT(run(hub, {"pull", "org/none"}).errors, HasSubstr("hf:org/none"));
  EXPECT_THAT(run(hub, {"pull", "hf:org/none"}).errors, HasSubstr("check the model's name"));
  EXPECT_THAT(run(hub, {"pull", "hf:org/none", "--hub", "nonsense"}).errors, HasSubstr("--hub: "));
}

// Otherwise a damaged model could never be removed.
TEST_F(PullCommand, RemovesWhatIsDamaged) {
  const HubServer hub;
  const std::string manifest = folder_.write("models/names/broken.json", "{");
  EXPECT_EQ(run(hub, {"rm", "broken"}).exit_code, 0);
  EXPECT_FALSE(fs::exists(manifest));
}

TEST_F(PullCommand, AFileBeyondALimitIsAnError) {
  const HubServer hub;
  std::vector<std::string> words = {"/bin/sh", "-c", "ulimit -f 64; exec \"$@\"", "sh"};
  std::ranges::move(command(hub, {"pull", folder_.write("m.gguf", model_bytes(kMiB))}), std::back_inserter(words));
  const Answer answer = Program(words).wait();
  EXPECT_EQ(answer.exit_code, 1);
  EXPECT_THAT(answer.errors, HasSubstr("File too large"));
}

TEST_F(PullCommand, AStoreThatCannotBeReadIsNotEmpty) {
  const HubServer hub;
  folder_.write("models", "a file");
  const Answer answer = run(hub, {"models"});
  EXPECT_EQ(answer.exit_code, 1);
  EXPECT_THAT(answer.errors, HasSubstr("cannot read"));
}

// A model with the demo model's name would never be found.
TEST_F(PullCommand, LeavesTheDemoModelItsName) {
  const HubServer hub;
  EXPECT_EQ(run(hub, {"pull", "hf:org/Tiny-GGUF:q8_0", "--name", "demo"}).exit_code, 2);
  const Answer by_file = run(hub, {"pull", folder_.write("demo.gguf", model_bytes(100))});
  EXPECT_EQ(by_file.exit_code, 2);
  EXPECT_THAT(by_file.errors, HasSubstr("--name"));
}

// In a network with a proxy nothing else works.
TEST_F(PullCommand, AsksTheProxyOfTheEnvironment) {
  HubServer hub({.sends_elsewhere = false});
  hub.add("org/r", "m-Q4_K_M.gguf", model_bytes(1000));
  const Answer answer = Program({"/usr/bin/env", "-u", "no_proxy", "-u", "NO_PROXY", "http_proxy=" + hub.url(),
                                 "ROCMFORGE_MODELS=" + (folder_ / "models"), ROCMFORGE_BINARY, "pull", "hf:org/r",
                                 "--hub", "http://nowhere.example"})
                            .wait();
  EXPECT_EQ(answer.exit_code, 0) << answer.errors;
  EXPECT_TRUE(testing::read_text(stored(model_bytes(1000))) == model_bytes(1000));
}

// Requests to this machine must not be visible to a proxy.
TEST_F(PullCommand, AsksNoProxyForAHubOnThisMachine) {
  HubServer hub({.token = "hf_secret"});
  hub.add("org/r", "m-Q4_K_M.gguf", model_bytes(1000));
  const HubServer proxy;
  const Answer answer = Program({"/usr/bin/env", "-u", "no_proxy", "-u", "NO_PROXY", "http_proxy=" + proxy.url(),
                                 "HF_TOKEN=hf_secret", "ROCMFORGE_MODELS=" + (folder_ / "models"),
                                 "HF_ENDPOINT=" + hub.url(), ROCMFORGE_BINARY, "pull", "hf:org/r"})
                            .wait();
  EXPECT_EQ(answer.exit_code, 0) << answer.errors;
  EXPECT_TRUE(proxy.hub_requests().empty());
}

TEST_F(PullCommand, SaysWhatItCannotChoose) {
  HubServer hub;
  hub.add("org/r", "m-Q5_K_M.gguf", model_bytes(2048));
  hub.add("org/r", "m-Q6_K.gguf", model_bytes(4096));
  hub.add("org/s", "model.safetensors", "x");
  const Answer several = run(hub, {"pull", "hf:org/r"});
  EXPECT_EQ(several.exit_code, 2);
  EXPECT_THAT(several.errors, AllOf(HasSubstr("hf:org/r:Q5_K_M"), HasSubstr("4.00 KiB")));
  EXPECT_THAT(run(hub, {"run", "hf:org/s", "Hi"}).errors, HasSubstr("rocmforge convert s s.gguf"));
  EXPECT_THAT(run(hub, {"pull", "http://example.org/a.gguf"}).errors, HasSubstr("unencrypted"));
  const Answer mirror = run(hub, {"pull", "hf:org/r:Q6_K", "--hub", hub.url() + "/"});
  EXPECT_EQ(mirror.exit_code, 0) << mirror.errors;
}

// A name works wherever a command expects a model, and a source is fetched if it is missing.
TEST_F(PullCommand, NamesWorkWhereverAModelIsExpected) {
  HubServer hub;
  hub.add("org/Parrot-GGUF", "parrot-F32.gguf", chat_model_bytes());
  const Answer first = run(hub, {"inspect", "hf:org/Parrot-GGUF", "--json"});
  ASSERT_EQ(first.exit_code, 0) << first.errors;
  EXPECT_EQ(nlohmann::json::parse(first.output)["name"], "Parrot");
  const std::size_t asked = hub.hub_requests().size();

  EXPECT_EQ(run(hub, {"run", "parrot", "Hi", "--temp", "0"}).output, "Hello there\n");
  EXPECT_EQ(run(hub, {"hf:org/Parrot-GGUF:f32", "Hi", "--temp", "0"}).output, "Hello there\n") << "short for run";
  EXPECT_EQ(run(hub, {"run", "-m", "org/parrot", "parrot", "--temp", "0"}).output, "Hello there\n");
  const std::string tokens = folder_.write("t.json", "[1, 2, 3]");
  const std::string text = folder_.write("text", std::string(64, 'a'));
  const std::vector<std::vector<std::string>> commands = {
      {"tokenize", "-m", "parrot", "--text", "Hi"},
      {"detokenize", "-m", "parrot", "--ids", "[1]"},
      {"logits", "-m", "parrot", "--tokens", tokens, "--out", folder_ / "l.npy"},
      {"embed", "-m", "parrot", "--text", "Hi", "--pooling", "mean"},
      {"perplexity", "-m", "parrot", "-f", text, "-c", "16"},
      {"bench", "-m", "parrot", "-p", "4", "-n", "2", "-r", "1"},
      {"quantize", "parrot", folder_ / "q.gguf", "Q8_0"},
      {"dequantize", "parrot", "--tensor", "output_norm.weight", "--out", folder_ / "d.npy"},
  };
  for (const std::vector<std::string>& words : commands) {
    const Answer answer = run(hub, words);
    EXPECT_EQ(answer.exit_code, 0) << words[0] << ": " << answer.errors;
  }
  EXPECT_EQ(Program(command(hub, {"render", "-m", "parrot"}), R"({"messages": []})").wait().exit_code, 0);
  EXPECT_EQ(hub.hub_requests().size(), asked) << "what is there needs no network";
  fs::remove_all(folder_ / "models/links");
  EXPECT_EQ(run(hub, {"inspect", "parrot"}).exit_code, 0) << "links are made anew";
  const Answer unknown = run(hub, {"inspect", "parot"});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_THAT(unknown.errors, HasSubstr("`rocmforge models` lists"));
}

}  // namespace
}  // namespace rocmforge
