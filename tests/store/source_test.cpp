// Tests the forms in which a user may write a remote model, and the models that a repository offers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/hub.h"
#include "store/manifest.h"
#include "store/quant_name.h"
#include "store/source.h"
#include "support/expect_error.h"

namespace rocmforge::store {
namespace {

const Url kHub = Url::parse("https://huggingface.co");

TEST(Source, OfTheHub) {
  const auto parsed = [](const char* text) { return std::get<HubSource>(parse_source(text, kHub)); };
  EXPECT_EQ(parsed("hf:org/repo").repository, "org/repo");
  EXPECT_EQ(parsed("hf:org/repo:q4_k_m").choice, "q4_k_m");
  EXPECT_EQ(parsed("hf:org/repo:folder/a.gguf").choice, "folder/a.gguf");
  // Addresses copied from a browser.
  EXPECT_EQ(parsed("https://huggingface.co/org/repo/").text(), "hf:org/repo");
  EXPECT_EQ(parsed("https://huggingface.co/org/repo/tree/main").text(), "hf:org/repo");
  EXPECT_EQ(parsed("https://huggingface.co/org/repo/blob/main/f/a%20b.gguf?x=1").text(), "hf:org/repo:f/a b.gguf");
}

TEST(Source, ElsewhereOnTheWebOrAFile) {
  EXPECT_TRUE(std::holds_alternative<WebSource>(parse_source("https://example.org/org/repo", kHub)));
  EXPECT_TRUE(std::holds_alternative<WebSource>(parse_source("https://huggingface.co/o/r/resolve/v1/a.gguf", kHub)));
  EXPECT_TRUE(std::holds_alternative<FileSource>(parse_source("models/a.gguf", kHub)));
}

TEST(Source, SchemesHaveNoCase) {
  EXPECT_EQ(std::get<HubSource>(parse_source("HF:org/repo:Q8_0", kHub)).text(), "hf:org/repo:Q8_0");
  EXPECT_EQ(std::get<HubSource>(parse_source("HTTPS://HuggingFace.co/org/repo", kHub)).text(), "hf:org/repo");
  EXPECT_EQ(std::get<WebSource>(parse_source("HTTPS://example.org/a", kHub)).url.text(), "https://example.org/a");
}

TEST(Source, RefusesWhatIsNone) {
  EXPECT_ERROR(parse_source("", kHub), "the source is empty");
  EXPECT_ERROR(parse_source("ftp://user:secret@host/a.gguf", kHub), "…@host/a.gguf: the scheme ftp: is not supported");
  EXPECT_ERROR(parse_source("S3://bucket/a.gguf", kHub), "the scheme S3: is not supported");
  for (const char* const text : {"hf:", "hf:repo", "hf:org/", "hf:a/b/c", "hf:org/..", "hf:../repo", "hf:org/re po",
                                 "hf:org/repo:", "hf:org/repo:../x", "hf:org/repo:/x", "hf:org/repo:a\nb"}) {
    EXPECT_ERROR(parse_source(text, kHub), "no model of the hub can have this name");
  }
}

// Q4_K must not match Q4_K_M, nor F16 BF16: they are other files of other sizes.
TEST(QuantName, IsTheWholeName) {
  const std::pair<const char*, const char*> cases[] = {
      {"model-Q4_K_M.gguf", "Q4_K_M"},
      {"llama-2-7b.Q4_K.gguf", "Q4_K"},
      {"Qwen2.5-7B-Instruct-q4_k_m.gguf", "Q4_K_M"},
      {"model_name_q8_0.gguf", "Q8_0"},
      {"m-UD-IQ2_XXS.gguf", "UD-IQ2_XXS"},
      {"m-BF16.gguf", "BF16"},
      {"m.f16.gguf", "F16"},
      {"UD-Q4_K_XL/m-00001-of-00002.gguf", "UD-Q4_K_XL"},
      {"m-Q6_K-00001-of-00002.gguf", "Q6_K"},
      {"m-MXFP4_MOE.gguf", "MXFP4_MOE"},
      {"Phi-3-mini-4k-instruct-q4.gguf", "Q4"},
      {"m-IQ4_NL-imat.gguf", "IQ4_NL"},
      {"Q-model.gguf", ""},
      {"model.gguf", ""},
  };
  for (const auto& [path, quant] : cases) EXPECT_EQ(quant_of(path), quant) << path;
}

std::vector<Offer> offers(const std::vector<std::string>& paths) {
  std::vector<RemoteEntry> files;
  for (const std::string& path : paths) files.push_back({path, 1000 * (files.size() + 1), {}});
  return offers_of(files);
}

std::string picked(const std::vector<Offer>& offers, const std::string& choice = "") {
  return pick(offers, "hf:o/r", choice).files.front().path;
}

TEST(Pick, TakesTheUsualOneOrTheOnlyOne) {
  EXPECT_EQ(picked(offers({"m-Q8_0.gguf", "m-Q4_K_M.gguf", "m-Q4_K_S.gguf"})), "m-Q4_K_M.gguf");
  EXPECT_EQ(picked(offers({"m-Q8_0.gguf", "m-F16.gguf"})), "m-Q8_0.gguf");
  EXPECT_EQ(picked(offers({"m-F16.gguf"})), "m-F16.gguf");
}

TEST(Pick, TakesWhatIsAskedFor) {
  const auto list = offers({"m-Q4_K.gguf", "m-Q4_K_M.gguf", "m-F16.gguf", "m-BF16.gguf", "m-UD-Q2_K_XL.gguf",
                            "f/n-Q5_K-00001-of-00002.gguf", "f/n-Q5_K-00002-of-00002.gguf"});
  EXPECT_EQ(picked(list, "q4_k"), "m-Q4_K.gguf");
  EXPECT_EQ(picked(list, "F16"), "m-F16.gguf");
  EXPECT_EQ(picked(list, "ud-q2_k_xl"), "m-UD-Q2_K_XL.gguf");
  EXPECT_EQ(picked(list, "Q2_K_XL"), "m-UD-Q2_K_XL.gguf");
  EXPECT_EQ(picked(list, "m-BF16.gguf"), "m-BF16.gguf");
  EXPECT_EQ(pick(list, "hf:o/r", "Q5_K").files.size(), 2u);
  EXPECT_EQ(pick(list, "hf:o/r", "f/n-Q5_K-00002-of-00002.gguf").files.size(), 2u);
}

TEST(Pick, ListsTheChoicesWithTheirSizesWhenItCannot) {
  const auto list = offers({"m-Q5_K_M.gguf", "m-Q6_K.gguf"});
  EXPECT_ERROR(picked(list), "hf:o/r:Q5_K_M");
  EXPECT_ERROR(picked(list), "1.95 KiB");
  EXPECT_ERROR(picked(list, "Q5_K"), "has no Q5_K; there are:");
  // A name that occurs in two folders is ambiguous; a whole path is not.
  const auto folders = offers({"Q4_K_M/model.gguf", "Q8_0/model.gguf"});
  EXPECT_ERROR(picked(folders, "model.gguf"), "model.gguf means 2 models:\n       hf:o/r:Q4_K_M");
  EXPECT_EQ(picked(folders, "Q8_0/model.gguf"), "Q8_0/model.gguf");
  EXPECT_EQ(picked(offers({"a/model.gguf", "model.gguf"}), "model.gguf"), "model.gguf");
  // Two models in one repository.
  const auto two = offers({"a-Q4_K_M.gguf", "b-Q4_K_M.gguf"});
  EXPECT_ERROR(picked(two), "hf:o/r:b-Q4_K_M.gguf");
  EXPECT_EQ(picked(two, "b-Q4_K_M.gguf"), "b-Q4_K_M.gguf");
}

// A projector is a valid GGUF file that cannot be run.
TEST(Pick, NeverTakesAProjectorAnImatrixOrHalfASplit) {
  const auto list = offers({"mmproj-model-f16.gguf", "m.mmproj-Q8_0.gguf", "imatrix.gguf", "m-Q6_K.gguf", "README.md",
                            "n-Q8_0-00001-of-00003.gguf", "n-Q8_0-00003-of-00003.gguf", "mmproj/model-f16.gguf"});
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(picked(list), "m-Q6_K.gguf");
  EXPECT_TRUE(offers({"m-BF16.imatrix.gguf", "imatrix_m.gguf"}).empty());
  EXPECT_EQ(picked(offers({"m-imatrix.gguf", "m-imatrix-IQ3_M.gguf"})), "m-imatrix-IQ3_M.gguf");
}

TEST(Hub, OffersConversionWhereThereAreSafetensorsAlone) {
  const Repository repository{"org/repo", "c", "c", {{"model.safetensors", 5, {}}, {"config.json", 5, {}}}};
  EXPECT_ERROR(offers_in(repository), "rocmforge convert repo repo.gguf");
  EXPECT_ERROR(offers_in({"org/repo", "c", "c", {{"mmproj.gguf", 5, {}}}}), "no GGUF file of a model");
}

TEST(Hub, ReadsAListing) {
  const std::string sum(64, 'a');
  const auto files = parse_tree(R"([{"type":"directory","path":"d","size":0},
      {"type":"file","path":"a.gguf","size":7,"lfs":{"oid":")" +
                                    sum + R"(","size":7}},
      {"type":"file","path":"b.gguf","size":8,"lfs":{"oid":")" +
                                    std::string(64, 'A') + R"("}},
      {"type":"file","path":"c.gguf","size":8}])",
                                "page");
  ASSERT_EQ(files.size(), 3u);
  EXPECT_EQ(files[0].sha256, sum);
  EXPECT_EQ(files[1].sha256, sum);
  EXPECT_EQ(files[2].sha256, "");
  EXPECT_EQ(parse_state(R"({"sha":"0123456789abcdef"})", "page").commit, "0123456789abcdef");
}

// Without a valid hash nobody would notice a damaged file.
TEST(Hub, RefusesASumThatIsNone) {
  EXPECT_ERROR(parse_tree(R"([{"type":"file","path":"b.gguf","size":8,"lfs":{"oid":"../../etc"}}])", "page"),
               "page: b.gguf has the SHA-256 '../../etc', expected 64 hexadecimal digits");
}

// Names in the listing become file names and addresses.
TEST(Hub, LeavesOutNamesThatAreDangerous) {
  const auto files =
      parse_tree(R"([{"type":"file","path":"../a.gguf","size":1},{"type":"file","path":"/a.gguf","size":1},
      {"type":"file","path":"a/../../b.gguf","size":1},{"type":"file","path":"a\u001b[2J.gguf","size":1},
      {"type":"file","path":"a\\b.gguf","size":1},{"type":"file","path":"","size":1},
      {"type":"file","path":"a.gguf","size":-1},{"type":"file","path":"a.gguf","size":9e30},
      {"type":"file","path":["a.gguf"],"size":1},{"type":"file"},7,null])",
                 "page");
  EXPECT_TRUE(files.empty());
  EXPECT_ERROR(parse_tree("{}", "page"), "no list of files");
  EXPECT_ERROR(parse_tree("[{", "page"), "page: line 1");
  EXPECT_ERROR(parse_tree(std::string(10000, '['), "page"), "nested deeper");
  EXPECT_ERROR(parse_state(R"({"sha":"../../x"})", "page"), "no commit");
}

TEST(Hub, FindsTheNextPage) {
  EXPECT_EQ(next_page("<https://h/a?cursor=1>; rel=\"next\""), "https://h/a?cursor=1");
  EXPECT_EQ(next_page("<https://h/z>; rel=\"last\", <https://h/b>; rel=\"next\""), "https://h/b");
  EXPECT_FALSE(next_page("<https://h/z>; rel=\"last\""));
  EXPECT_FALSE(next_page("<<<>"));
  EXPECT_FALSE(next_page(""));
}

TEST(Manifest, ComesBackAsItWas) {
  const Manifest manifest{.name = "hf:o/r:Q4_K_M",
                          .source = "hf:o/r:Q4_K_M",
                          .source_id = "",
                          .repository = "o/r",
                          .commit = "abc",
                          .quant = "Q4_K_M",
                          .pulled = "2025-07-04T09:05:07Z",
                          .files = {{"a.gguf", 5, std::string(64, 'a'), ""}, {"b.gguf", 6, "", std::string(64, 'b')}}};
  const Manifest back = parse_manifest(to_json(manifest), "m.json");
  EXPECT_EQ(to_json(back), to_json(manifest));
  EXPECT_EQ(back.size(), 11u);
  EXPECT_EQ(file_name_of(manifest.name), "hf@o+r@Q4_K_M");
  EXPECT_LE(file_name_of(std::string(4000, '/')).size(), 160u);
}

// Others may be able to write to the store's disk.
TEST(Manifest, RefusesWhatWouldLeaveTheStore) {
  const std::string sum(64, 'a');
  const std::vector<std::string> files = {R"("name":"../x","sha256":")" + sum + "\"",
                                          R"("name":"x","sha256":"../../x")", std::string(R"("name":"x","sha256":"")"),
                                          R"("name":"a/b","sha256":")" + sum + "\""};
  for (const std::string& file : files) {
    const std::string text = R"({"name":"n","source":"s","files":[{"size":1,)" + file + "}]}";
    EXPECT_ERROR(parse_manifest(text, "m.json"), "m.json: file");
  }
  EXPECT_ERROR(parse_manifest("[]", "m.json"), "m.json");
  EXPECT_ERROR(parse_manifest(R"({"name":"n","source":"s","files":[]})", "m.json"), "not a list");
}

TEST(Manifest, NamesAreSafe) {
  for (const char* const name : {"qwen", "llama-3:small", "org/model", "3b"}) EXPECT_NO_THROW(check_name(name));
  for (const char* const name : {"", "..", "../x", "/x", "a//b", "a/..", "hf:x", "https://x", "-x", ".x", "a\nb",
                                 "a:", "my model", "a!", "HF:x"}) {
    EXPECT_ERROR(check_name(name), "cannot be a model's name");
  }
}

}  // namespace
}  // namespace rocmforge::store
