// Tests the malformed files of ../shared/conformance, if they are present.
#include <filesystem>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "gguf/reader.h"
#include "support/reference_data.h"
#include "support/temp_folder.h"

namespace rocmforge::gguf {
namespace {

// Other programs' readers crash on some of these.
TEST(GgufConformance, RefusesWhatIsMalformedAndAcceptsWhatIsNot) {
  const std::filesystem::path folder = testing::conformance_folder() / "badgguf";
  if (!std::filesystem::exists(folder / "index.json")) {
    GTEST_SKIP() << "no " << folder << "; ROCMFORGE_CONFORMANCE can say where the conformance data is";
  }
  const std::string index = testing::read_text((folder / "index.json").string());
  for (const nlohmann::json& entry : parse_json(index, "index.json")) {
    const std::string name = entry.at("file");
    SCOPED_TRACE(name);
    std::string refusal;
    try {
      File::open((folder / name).string());
    } catch (const Error& e) {
      refusal = e.message();
    }
    if (entry.value("must_accept", false)) {
      EXPECT_EQ(refusal, "");
    } else if (!entry.value("may_accept", false)) {
      EXPECT_NE(refusal, "") << entry.at("wrong");
    }
    EXPECT_TRUE(refusal.empty() || refusal.find(name) != std::string::npos) << refusal;
  }
}

// Opens real headers written by the format's own tools, including tokenizers of a hundred thousand entries.
TEST(GgufConformance, OpensEveryModelAndVocabulary) {
  const std::filesystem::path folder = testing::conformance_folder();
  if (!std::filesystem::exists(folder / "arch")) {
    GTEST_SKIP() << "no " << folder << "; ROCMFORGE_CONFORMANCE can say where the conformance data is";
  }
  int opened = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::filesystem::path& path = entry.path();
    if (path.extension() != ".gguf" || path.parent_path().filename() == "badgguf") continue;
    SCOPED_TRACE(path);
    const File file = File::open(path.string());
    for (const Metadata::Entry& key : file.metadata().entries()) {
      if (key.value.type() != ValueType::kArray || key.value.array().element_type() != ValueType::kString) continue;
      EXPECT_EQ(file.metadata().get<std::vector<std::string_view>>(key.key).size(), key.value.array().size());
    }
    ++opened;
  }
  EXPECT_GT(opened, 50);
}

}  // namespace
}  // namespace rocmforge::gguf
