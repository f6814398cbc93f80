// Tests the commands that load a model, as a user calls them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include "base/npy.h"
#include "support/program.h"
#include "support/random_model.h"

namespace rocmforge {
namespace {

using testing::Answer;
using ::testing::HasSubstr;

// A fixture with a model and a prompt in files.
class ModelCommands : public ::testing::Test {
 protected:
  ModelCommands() : model_(write_model({})), tokens_(folder_.write("tokens.json", R"({"tokens":[3,1,4,1,5,9,2,6]})")) {}

  std::string write_model(const testing::RandomModelOptions& options) {
    const testing::ModelFile model(testing::random_model(options));
    const auto bytes = model.bytes();
    return folder_.write(options.architecture + ".gguf", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }

  Answer logits(std::vector<std::string> more) {
    std::vector<std::string> arguments = {"logits", "-m", model_, "--tokens", tokens_, "--out", folder_ / "out.npy"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return testing::rocmforge(arguments);
  }

  testing::TempFolder folder_;
  std::string model_;
  std::string tokens_;
};

TEST_F(ModelCommands, LogitsOfAllPositions) {
  ASSERT_EQ(logits({}).exit_code, 0);
  const NpyArray whole = read_npy(folder_ / "out.npy");
  EXPECT_EQ(whole.shape, (std::vector<std::size_t>{8, 40}));
  ASSERT_EQ(logits({"--step", "-t", "1"}).exit_code, 0);
  EXPECT_EQ(read_npy(folder_ / "out.npy").values, whole.values) << "token by token";
  const Answer reference = logits({"--device", "ref"});
  ASSERT_EQ(reference.exit_code, 0);
  EXPECT_THAT(reference.errors, HasSubstr("layers 0-1 and output: ref ("));
  EXPECT_THAT(reference.errors, HasSubstr("context 8 (--ctx)"));
}

TEST_F(ModelCommands, SayWhatIsWrong) {
  const auto refused = [&](std::vector<std::string> more, int code, const char* text) {
    const Answer answer = logits(std::move(more));
    EXPECT_EQ(answer.exit_code, code) << text;
    EXPECT_THAT(answer.errors, HasSubstr(text));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "out.npy")) << text;
  };
  refused({"--device", "gpu"}, 1, "--device gpu: this build has no GPU backend");
  refused({"--device", "tpu"}, 2, "expected auto, cpu, ref, gpu or gpu:N");
  refused({"--isa", "sse9"}, 2, "--isa sse9: no such instruction set; this CPU has scalar");
  refused({"--kv-type", "Q2_K"}, 2, "--kv-type Q2_K: expected F32");
  refused({"--kv-type-v", "nonsense"}, 2, "--kv-type-v nonsense: expected F32, F16, BF16, Q8_0 or Q4_0");
  refused({"--ctx", "7"}, 2, "8 tokens, but --ctx is 7");
  refused({"--ctx", "900000000"}, 1, "--ctx ");
  refused({"--threads", "-1"}, 2, "--threads: '-1'");

  tokens_ = folder_.write("tokens.json", R"({"tokens":[3,40]})");
  refused({}, 2, " is 40, but 'token_embd.weight' has 40 rows: ids are 0 to 39");
  tokens_ = folder_.write("tokens.json", R"({"tokens":[]})");
  refused({}, 2, "no tokens");
  tokens_ = folder_.write("tokens.json", R"({"tokens":[1.5]})");
  refused({}, 1, "token 0 is 1.5, expected an id");
  tokens_ = folder_.write("tokens.json", R"({"ids":[1]})");
  refused({}, 1, "no field 'tokens'");
}

TEST_F(ModelCommands, RunContinuesWithTheLikeliestTokens) {
  const Answer run = testing::rocmforge({"run", model_, "--raw", "--tokens", tokens_, "-n", "5", "--temp", "0"});
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  const auto ids = nlohmann::json::parse(run.output).get<std::vector<int>>();
  ASSERT_EQ(ids.size(), 5u);

  // The first new token is the one with the greatest logit after the prompt.
  ASSERT_EQ(logits({"--kv-type", "F16"}).exit_code, 0);
  const NpyArray answers = read_npy(folder_ / "out.npy");
  const auto last = answers.values.end() - 40;
  EXPECT_EQ(ids.front(), std::max_element(last, answers.values.end()) - last);

  // A context of 10 has room for the prompt and two computed tokens; the last new token need not be computed.
  const Answer full = testing::rocmforge({"run", "-m", model_, "--raw", "--tokens", tokens_, "--ctx", "10"});
  EXPECT_EQ(nlohmann::json::parse(full.output).size(), 3u);
}

TEST_F(ModelCommands, AnEncoderIsComputedInOnePass) {
  model_ = write_model({.architecture = "bert"});
  ASSERT_EQ(logits({}).exit_code, 0);
  const NpyArray whole = read_npy(folder_ / "out.npy");
  EXPECT_EQ(whole.shape, (std::vector<std::size_t>{8, 32}));
  const Answer step = logits({"--step"});
  EXPECT_THAT(step.errors, HasSubstr("an encoder has no steps"));
  EXPECT_EQ(read_npy(folder_ / "out.npy").values, whole.values);
  const Answer run = testing::rocmforge({"run", model_, "--raw", "--tokens", tokens_});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.errors, HasSubstr("is an encoder"));
}

TEST_F(ModelCommands, BenchMeasuresBesideTheMachinesLimits) {
  const Answer answer =
      testing::rocmforge({"bench", "-m", model_, "-p", "16", "-n", "4", "-r", "3", "-b", "2", "-d", "8", "-o", "json"});
  ASSERT_EQ(answer.exit_code, 0) << answer.errors;
  const nlohmann::json json = nlohmann::json::parse(answer.output);
  EXPECT_GT(json["limits"]["read_bytes_per_second"], 1e8);
  ASSERT_EQ(json["measurements"].size(), 2u);
  for (const auto& measurement : json["measurements"]) {
    EXPECT_GT(measurement["least"], 0);
    EXPECT_LE(measurement["least"], measurement["tokens_per_second"]);
    EXPECT_LE(measurement["tokens_per_second"], measurement["greatest"]);
    EXPECT_GT(measurement["limit"], 0);
  }
  const Answer table = testing::rocmforge({"bench", "-m", model_, "-p", "16", "-n", "0", "-r", "1"});
  EXPECT_THAT(table.output, HasSubstr("| prefill 16"));
  EXPECT_EQ(table.output.find("decode"), std::string::npos);
}

// Rows of 896 do not fit blocks of 256, and the replacement is reported. The saved file is the model that was measured.
TEST_F(ModelCommands, ASavedSyntheticModelTakesItsSizeInMemoryAndLittleMore) {
  const std::string path = folder_ / "synthetic.gguf";
  const Answer saved = testing::rocmforge(
      {"bench", "--synthetic", "qwen-0.5b", "--type", "Q4_K", "--save", path, "-p", "0", "-n", "1", "-r", "1"});
  ASSERT_EQ(saved.exit_code, 0) << saved.errors;
  EXPECT_THAT(saved.errors, HasSubstr("have rows that Q4_K does not fit"));

  const Answer run = testing::rocmforge({"run", path, "--raw", "--tokens", tokens_, "-n", "4", "--ctx", "2048"});
  ASSERT_EQ(run.exit_code, 0) << run.errors;
  const double file = static_cast<double>(std::filesystem::file_size(path));
  // 24 layers, 2 heads of 64 values for keys and for values, two bytes per number.
  const double cache = 2048.0 * 24 * 2 * 2 * 64 * 2;
  EXPECT_LE(static_cast<double>(run.peak_bytes), 1.1 * file + cache);
}

TEST(ModelCommandsWithoutAModel, BenchKnowsItsSyntheticModels) {
  const Answer unknown = testing::rocmforge({"bench", "--synthetic", "llama-9b"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.errors, HasSubstr("expected llama-0.5b, qwen-0.5b, llama-1b"));
  const Answer nothing = testing::rocmforge({"bench"});
  EXPECT_EQ(nothing.exit_code, 2);
  const Answer roofline = testing::rocmforge({"bench", "--roofline", "--json"});
  EXPECT_GT(nlohmann::json::parse(roofline.output)["limits"]["float_operations_per_second"], 1e8);
}

}  // namespace
}  // namespace rocmforge
