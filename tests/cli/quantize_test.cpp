// Tests `rocmforge quantize`: every format, refusals, importance matrices and interruption.
#include <signal.h>

#include <chrono>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/npy.h"
#include "gguf/reader.h"
#include "quant/codec.h"
#include "support/cpu_time.h"
#include "support/program.h"
#include "support/tiny_model.h"

namespace rocmforge {
namespace {

using ::testing::AllOf;
using testing::Answer;
using ::testing::HasSubstr;
using testing::Program;
using testing::rocmforge;
using testing::TempFolder;
using enum quant::FormatId;

std::vector<float> values_of(const gguf::Tensor& tensor) {
  std::vector<float> values(tensor.shape.count());
  quant::decode_row(*tensor.format, tensor.bytes, values);
  return values;
}

double relative_error(const std::string& original, const std::string& quantized, std::string_view tensor) {
  const auto a = values_of(gguf::File::open(original).tensor(tensor));
  const auto b = values_of(gguf::File::open(quantized).tensor(tensor));
  double error = 0;
  double square = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    error += (a[i] - b[i]) * (a[i] - b[i]);
    square += a[i] * a[i];
  }
  return std::sqrt(error / square);
}

Answer quantize(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "quantize");
  return rocmforge(std::move(arguments));
}

// Every type in the help that needs no matrix gives a file that opens, has the planned formats, and resembles the
// input.
TEST(Quantize, EveryFormatGivesAModelThatResemblesTheInput) {
  const TempFolder folder;
  const std::string input = testing::tiny_llama(folder / "in.gguf");
  for (const quant::Format& format : quant::formats()) {
    if (!format.has_encoder) continue;
    const std::string output = folder / "out.gguf";
    const Answer answer = quantize({input, output, std::string(format.name), "--pure"});
    ASSERT_EQ(answer.exit_code, 0) << format.name << ": " << answer.errors;
    const gguf::File file = gguf::File::open(output);
    EXPECT_EQ(file.tensor("blk.0.attn_q.weight").format->id, format.id);
    EXPECT_EQ(file.tensor("blk.0.attn_norm.weight").format->id, kF32);
    EXPECT_EQ(file.metadata().get<std::string>("general.name"), "Tiny");
    EXPECT_EQ(file.metadata().get<std::uint32_t>("general.quantization_version"), 2u);
    // The coarsest formats keep one bit per weight: reducing a normal distribution to its sign has an error of 0.6.
    EXPECT_LT(relative_error(input, output, "blk.1.ffn_down.weight"), 0.65) << format.name;
  }
}

TEST(Quantize, FollowsTheMixAndTheRules) {
  const TempFolder folder;
  const std::string input = testing::tiny_llama(folder / "in.gguf");
  const Answer answer = quantize({input, folder / "out.gguf", "q4_k_m", "--tensor", "ffn_up=Q8_0", "--keep-output"});
  ASSERT_EQ(answer.exit_code, 0) << answer.errors;
  const gguf::File file = gguf::File::open(folder / "out.gguf");
  EXPECT_EQ(file.tensor("blk.0.attn_q.weight").format->id, kQ4_K);
  EXPECT_EQ(file.tensor("blk.0.ffn_up.weight").format->id, kQ8_0);
  EXPECT_EQ(file.tensor("output.weight").format->id, kF16);
  EXPECT_EQ(file.metadata().get<std::uint32_t>("general.file_type"), 15u);
}

// The output is the same for any number of threads, byte for byte.
TEST(Quantize, DoesNotDependOnTheNumberOfThreads) {
  const TempFolder folder;
  const std::string input = testing::tiny_llama(folder / "in.gguf");
  ASSERT_EQ(quantize({input, folder / "1.gguf", "Q4_K_M", "--threads", "1"}).exit_code, 0);
  ASSERT_EQ(quantize({input, folder / "5.gguf", "Q4_K_M", "-t", "5"}).exit_code, 0);
  EXPECT_TRUE(testing::read_text(folder / "1.gguf") == testing::read_text(folder / "5.gguf"));
}

TEST(Quantize, WritesAndReadsSplitModels) {
  const TempFolder folder;
  const std::string input = testing::tiny_llama(folder / "in.gguf");
  const Answer answer = quantize({input, folder / "out.gguf", "Q8_0", "--split-max-size", "500KB"});
  ASSERT_EQ(answer.exit_code, 0) << answer.errors;
  std::string part;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    if (entry.path().string().find("out-00002-of-") != std::string::npos) part = entry.path();
  }
  ASSERT_NE(part, "") << "no second part";
  EXPECT_EQ(gguf::File::open(part).tensors().size(), 21u);
  EXPECT_LT(relative_error(input, part, "output.weight"), 0.02);
  ASSERT_EQ(quantize({part, folder / "again.gguf", "Q4_0", "--allow-requantize"}).exit_code, 0);
  EXPECT_FALSE(gguf::File::open(folder / "again.gguf").metadata().contains("split.count"));
}

TEST(Quantize, ADryRunWritesNothingAndPlansWhatCannotBeDone) {
  const TempFolder folder;
  const std::string input = testing::tiny_llama(folder / "in.gguf");
  const Answer text = quantize({input, folder / "out.gguf", "IQ2_XXS", "--dry-run"});
  EXPECT_EQ(text.exit_code, 0) << text.errors;
  EXPECT_THAT(text.output,
              AllOf(HasSubstr("F16 -> IQ2_XXS"), HasSubstr("bits per weight"), HasSubstr("can read but not write")));
  const auto json =
      nlohmann::json::parse(quantize({input, folder / "out.gguf", "Q4_K_M", "--dry-run", "--json"}).output);
  EXPECT_EQ(json["tensors"].size(), 21u);
  EXPECT_TRUE(json["obstacle"].is_null());
  EXPECT_EQ(folder.file_count(), 1u);
}

// Plans all mixes for files with the full size of real models but without data.
TEST(Quantize, PlansSparseFilesOfRealShapesAtOnce) {
  const TempFolder folder;
  for (const auto& [llama, bits] : {std::pair{testing::kLlama2_7B, 4.8442}, std::pair{testing::kLlama31_8B, 4.8944}}) {
    std::vector<gguf::TensorSpec> tensors;
    for (const auto& tensor : testing::llama_tensors(llama)) {
      tensors.push_back({tensor.name, &quant::format_of(tensor.format), tensor.shape});
    }
    try {
      gguf::Writer(folder / "big.gguf", testing::llama_metadata(llama), tensors, gguf::WriterOptions{.sparse = true})
          .finish();
    } catch (const Error& error) {
      GTEST_SKIP() << "no sparse files here: " << error.message();
    }
    const Answer answer = quantize({folder / "big.gguf", "-", "Q4_K_M", "--dry-run", "--json"});
    EXPECT_LT(answer.cpu_seconds, testing::kSlowdown);
    EXPECT_NEAR(nlohmann::json::parse(answer.output)["bits_per_weight"].get<double>(), bits, 0.0001);
  }
}

// ---- Refusals: each says which file, tensor and value, and leaves nothing behind ----

void expect_refusal(std::vector<std::string> arguments, int exit_code, const std::vector<std::string>& said,
                    const TempFolder& folder) {
  const std::size_t files = folder.file_count();
  const Answer answer = quantize(std::move(arguments));
  EXPECT_EQ(answer.exit_code, exit_code) << answer.errors;
  for (const std::string& text : said) EXPECT_THAT(answer.errors, HasSubstr(text));
  EXPECT_EQ(folder.file_count(), files);
}

TEST(Quantize, NamesTensorRowAndValueThatAFormatCannotHold) {
  const TempFolder folder;
  const auto with = [&](const std::string& name, float value) {
    return testing::tiny_llama(folder / name, kBF16, [value](const std::string& tensor, std::vector<float>& values) {
      if (tensor == "blk.1.attn_k.weight") values[3 * 256 + 17] = value;
    });
  };
  const std::string nan = with("nan.gguf", std::nanf(""));
  const std::string infinite = with("inf.gguf", -INFINITY);
  const std::string large = with("large.gguf", 0x1p40f);
  const std::vector<std::string> place = {"blk.1.attn_k.weight", "row 3", "column 17"};
  for (const std::string type : {"Q4_0", "Q6_K", "IQ3_S", "MXFP4", "FP8_E4M3", "F16"}) {
    expect_refusal({nan, folder / "o.gguf", type, "--pure"}, 1, {place[0], place[1], place[2], "nan"}, folder);
    expect_refusal({infinite, folder / "o.gguf", type, "--pure"}, 1, {place[0], place[1], place[2], "-inf"}, folder);
  }
  for (const std::string type :
       {"Q4_0", "Q4_1", "Q8_0", "Q2_K", "Q4_K", "Q6_K", "IQ4_XS", "IQ3_S", "F16", "NVFP4", "TQ1_0"}) {
    expect_refusal({large, folder / "o.gguf", type, "--pure"}, 1, {place[0], place[1], "1.0995116e+12"}, folder);
  }
  EXPECT_EQ(quantize({large, folder / "o.gguf", "MXFP4", "--pure"}).exit_code,
            0);  // saturates nothing: the scale has the range
}

TEST(Quantize, DoesNotRequantizeUnlessAllowed) {
  const TempFolder folder;
  const std::string input = testing::tiny_llama(folder / "in.gguf");
  ASSERT_EQ(quantize({input, folder / "q8.gguf", "Q8_0"}).exit_code, 0);
  expect_refusal({folder / "q8.gguf", folder / "o.gguf", "Q4_0"}, 1,
                 {"token_embd.weight", "Q8_0", "--allow-requantize"}, folder);
  EXPECT_EQ(quantize({folder / "q8.gguf", folder / "o.gguf", "Q4_0", "--allow-requantize"}).exit_code, 0);
}

TEST(Quantize, NeverOverwritesItsInput) {
  const TempFolder folder;
  const std::string input = testing::tiny_llama(folder / "in.gguf");
  const std::string before = testing::read_text(input);
  std::filesystem::create_symlink(input, folder / "link.gguf");
  std::filesystem::create_hard_link(input, folder / "hard.gguf");
  for (const char* name : {"in.gguf", "link.gguf", "hard.gguf"}) {
    expect_refusal({input, folder / name, "Q8_0"}, 2, {"is also the input"}, folder);
  }
  EXPECT_TRUE(testing::read_text(input) == before);
}

// A part of a split input must not be overwritten either; the output's parts may have the same names.
TEST(Quantize, NeverOverwritesAPartOfItsInput) {
  const TempFolder folder;
  const std::string input = testing::tiny_llama(folder / "in.gguf");
  ASSERT_EQ(quantize({input, folder / "p.gguf", "F32", "--split-max-size", "2MB"}).exit_code, 0);
  const std::string part = folder / "p-00001-of-00003.gguf";
  ASSERT_TRUE(std::filesystem::exists(part));
  const std::string before = testing::read_text(part);
  expect_refusal({part, folder / "p.gguf", "F16", "--split-max-size", "1MB"}, 2, {"is also the input"}, folder);
  EXPECT_TRUE(testing::read_text(part) == before);
}

// The user must be told that a misspelt rule has no effect.
TEST(Quantize, RefusesARuleThatFitsNothing) {
  const TempFolder folder;
  const std::string input = testing::tiny_llama(folder / "in.gguf");
  expect_refusal({input, folder / "o.gguf", "Q8_0", "--tensor", "ffn_dwn=Q6_K"}, 2, {"ffn_dwn=Q6_K", "fits no tensor"},
                 folder);
}

TEST(Quantize, SaysThatOthersCannotReadOurOwnFormats) {
  const TempFolder folder;
  const std::string input = testing::tiny_llama(folder / "in.gguf");
  const Answer answer = quantize({input, folder / "o.gguf", "Q4_0", "--tensor", "attn_q=FP8_E4M3"});
  EXPECT_THAT(answer.errors, AllOf(HasSubstr("other programs cannot read"), HasSubstr("FP8_E4M3")));
  EXPECT_THAT(rocmforge({"inspect", folder / "o.gguf"}).output, HasSubstr("Of ROCmForge's own: FP8_E4M3"));
}

TEST(Quantize, SaysWhichEncoderOrMatrixAMixLacksBeforeItStarts) {
  const TempFolder folder;
  const std::string input = testing::tiny_llama(folder / "in.gguf");
  expect_refusal({input, folder / "o.gguf", "IQ2_XXS"}, 1, {"IQ2_XXS", "read but not write"}, folder);
  expect_refusal({input, folder / "o.gguf", "IQ3_XXS"}, 1, {"IQ3_XXS", "importance matrix", "--imatrix"}, folder);
  expect_refusal({input, folder / "o.gguf", "Q2_K_S"}, 1, {"Q2_K", "importance matrix"}, folder);
}

// A file may claim rows that no memory holds.
TEST(Quantize, RefusesRowsBeyondMemory) {
  const TempFolder folder;
  const std::vector<gguf::TensorSpec> tensors = {{"blk.0.ffn_up.weight", &quant::format_of(kF32), {1ull << 31, 2}}};
  try {
    gguf::Writer(folder / "in.gguf", testing::llama_metadata(testing::kTinyLlama), tensors, {.sparse = true}).finish();
  } catch (const Error& error) {
    GTEST_SKIP() << "no sparse files here: " << error.message();
  }
  expect_refusal({folder / "in.gguf", folder / "o.gguf", "Q8_0"}, 1, {"blk.0.ffn_up.weight", "2147483648"}, folder);
}

TEST(Quantize, WarnsWhereRowsDoNotFit) {
  const TempFolder folder;
  constexpr testing::LlamaShape kNarrow = {1, 96, 96, 64, 3, 3};
  testing::write_llama(folder / "in.gguf", kNarrow, kF16, {}, testing::llama_metadata(kNarrow));
  const Answer answer = quantize({folder / "in.gguf", folder / "out.gguf", "Q4_K", "--pure"});
  EXPECT_EQ(answer.exit_code, 0);
  EXPECT_THAT(answer.errors, AllOf(HasSubstr("and 8 more"), HasSubstr("rows of 96"), HasSubstr("stored as Q5_0")));
  EXPECT_EQ(gguf::File::open(folder / "out.gguf").tensor("output.weight").format->id, kQ5_0);
}

// ---- Importance ----

// Writes the same statistics in both file formats.
void write_matrices(const TempFolder& folder, const std::string& tensor, const std::vector<float>& mean_squares) {
  std::vector<float> sums(mean_squares.size());
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] = 8 * mean_squares[i];
  const auto length = static_cast<std::int32_t>(tensor.size());
  const auto count = static_cast<std::int32_t>(sums.size());
  const std::int32_t header[] = {1, length};
  const std::int32_t numbers[] = {8, count};
  std::string old(reinterpret_cast<const char*>(header), sizeof(header));
  old += tensor + std::string(reinterpret_cast<const char*>(numbers), sizeof(numbers));
  old += std::string(reinterpret_cast<const char*>(sums.data()), sums.size() * sizeof(float));
  folder.write("imatrix.dat", old);

  gguf::MetadataBuilder keys;
  const std::vector<std::string> datasets = {"text"};
  keys.set_array("imatrix.datasets", std::span<const std::string>(datasets));
  keys.set("imatrix.chunk_count", std::uint32_t{1});
  keys.set("imatrix.chunk_size", std::uint32_t{512});
  const quant::Format* single = &quant::format_of(kF32);
  const std::vector<gguf::TensorSpec> tensors = {{tensor + ".in_sum2", single, {sums.size(), 1}},
                                                 {tensor + ".counts", single, {1, 1}}};
  gguf::Writer writer(folder / "imatrix.gguf", keys, tensors);
  const std::vector<float> counts = {8};
  writer.write_at(0, 0, std::as_bytes(std::span(sums)));
  writer.write_at(1, 0, std::as_bytes(std::span(counts)));
  writer.finish();
}

// Important columns have a smaller error, whichever format the matrix has.
TEST(Quantize, WeighsErrorsByTheImportanceMatrix) {
  const TempFolder folder;
  const std::string input = testing::tiny_llama(folder / "in.gguf");
  const std::string tensor = "blk.0.attn_q.weight";
  std::vector<float> importance(256, 0.01f);
  for (std::size_t column = 0; column < 256; column += 8) importance[column] = 10;
  write_matrices(folder, tensor, importance);
  ASSERT_EQ(quantize({input, folder / "plain.gguf", "Q2_K", "--pure"}).exit_code, 0);
  ASSERT_EQ(quantize({input, folder / "old.gguf", "Q2_K", "--pure", "--imatrix", folder / "imatrix.dat"}).exit_code, 0);
  ASSERT_EQ(quantize({input, folder / "new.gguf", "Q2_K", "--pure", "--imatrix", folder / "imatrix.gguf"}).exit_code,
            0);
  const auto error_of_important = [&](const std::string& file) {
    const auto a = values_of(gguf::File::open(input).tensor(tensor));
    const auto b = values_of(gguf::File::open(folder / file).tensor(tensor));
    double error = 0;
    for (std::size_t i = 0; i < a.size(); i += 8) error += (a[i] - b[i]) * (a[i] - b[i]);
    return error;
  };
  EXPECT_LT(error_of_important("new.gguf"), 0.5 * error_of_important("plain.gguf"));
  EXPECT_EQ(error_of_important("new.gguf"), error_of_important("old.gguf"));
  const auto keys = gguf::File::open(folder / "new.gguf");
  EXPECT_EQ(keys.metadata().get<std::string>("quantize.imatrix.dataset"), "text");
  EXPECT_EQ(keys.metadata().get<std::uint32_t>("quantize.imatrix.entries_count"), 1u);
}

TEST(Quantize, RefusesAMatrixOfAnotherModel) {
  const TempFolder folder;
  const std::string input = testing::tiny_llama(folder / "in.gguf");
  write_matrices(folder, "blk.0.attn_q.weight", std::vector<float>(128, 1));
  expect_refusal({input, folder / "o.gguf", "Q4_K_M", "--imatrix", folder / "imatrix.gguf"}, 1,
                 {"imatrix.gguf", "blk.0.attn_q.weight", "128", "expected 256"}, folder);
  expect_refusal({input, folder / "o.gguf", "Q4_K_M", "--imatrix", input}, 1, {"imatrix.datasets"}, folder);
}

// ---- Interruption ----

constexpr testing::LlamaShape kSlow = {2, 1024, 4096, 2048, 8, 8};

// An interruption, by Ctrl-C or by force, leaves no partial file, and a previous file stays.
TEST(Quantize, AnInterruptedRunLeavesNothing) {
  const TempFolder folder;
  testing::write_llama(folder / "in.gguf", kSlow, kF16, {}, testing::llama_metadata(kSlow));
  folder.write("out.gguf", "what was there");
  for (const int signal : {SIGINT, SIGTERM, SIGKILL}) {
    Program program(
        {ROCMFORGE_BINARY, "quantize", folder / "in.gguf", folder / "out.gguf", "IQ3_S", "--pure", "-t", "1"});
    while (program.is_running() && !program.writes_a_file()) std::this_thread::yield();
    program.signal(signal);
    const Answer answer = program.wait();
    EXPECT_NE(answer.exit_code, 0) << "finished before it could be interrupted";
    EXPECT_TRUE(testing::read_text(folder / "out.gguf") == "what was there");
    if (signal != SIGKILL) {
      EXPECT_EQ(answer.exit_code, 130);
      EXPECT_THAT(answer.errors, AllOf(HasSubstr("interrupted"), HasSubstr("out.gguf was not written")));
    }
  }
  EXPECT_EQ(folder.file_count(), 2u);
}

// Q8_K has no number for general.file_type, and its own id is another format's number there.
TEST(Quantize, LabelsAFileAsWhatItIs) {
  const TempFolder folder;
  const std::string input = testing::tiny_llama(folder / "in.gguf");
  const std::string output = folder / "out.gguf";
  ASSERT_EQ(quantize({input, output, "Q8_K", "--pure"}).exit_code, 0);
  EXPECT_FALSE(gguf::File::open(output).metadata().contains("general.file_type"));
  EXPECT_THAT(rocmforge({"inspect", output}).output, ::testing::Not(HasSubstr("Q4_K_M")));
  ASSERT_EQ(quantize({input, output, "NVFP4", "--pure"}).exit_code, 0);
  EXPECT_EQ(gguf::File::open(output).metadata().get<std::uint32_t>("general.file_type"), 39u);
  EXPECT_THAT(rocmforge({"inspect", output}).output, HasSubstr("quantization    NVFP4, "));
}

// Rules count layers; a number beyond all models must not be counted with.
TEST(Quantize, RefusesNumbersOfLayersThatNoModelHas) {
  const TempFolder folder;
  const std::string input = folder / "in.gguf";
  gguf::MetadataBuilder keys = testing::llama_metadata(testing::kTinyLlama);
  for (const std::uint32_t layers : {0x7fffffffu, 5000u}) {
    keys.set("llama.block_count", layers);
    testing::write_llama(input, testing::kTinyLlama, kF16, {}, keys);
    const Answer answer = quantize({input, folder / "out.gguf", "Q4_K_M"});
    EXPECT_EQ(answer.exit_code, 1);
    EXPECT_THAT(answer.errors, HasSubstr("'llama.block_count' is"));
    EXPECT_THAT(answer.errors, HasSubstr("expected 0 to 4096"));
  }
}

// What one error advises must not be refused by the next.
TEST(Quantize, AdviceCanBeFollowed) {
  const TempFolder folder;
  const std::string input = testing::tiny_llama(folder / "in.gguf");
  const Answer unwritten = quantize({input, folder / "out.gguf", "IQ2_S"});
  EXPECT_EQ(unwritten.exit_code, 1);
  EXPECT_THAT(unwritten.errors, ::testing::Not(HasSubstr("IQ2_S,")));
  const Answer unweighted = quantize({input, folder / "out.gguf", "Q2_K_S"});
  EXPECT_EQ(unweighted.exit_code, 1);
  EXPECT_THAT(unweighted.errors, HasSubstr("`--pure Q2_K`"));
  EXPECT_EQ(quantize({input, folder / "out.gguf", "Q2_K", "--pure"}).exit_code, 0);
}

}  // namespace
}  // namespace rocmforge
