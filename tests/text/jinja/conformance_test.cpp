// Tests chat templates and language cases of the reference data, byte for byte.
#include <filesystem>

#include <gtest/gtest.h>

#include "base/error.h"
#include "support/reference_data.h"
#include "support/temp_folder.h"
#include "text/jinja/rendering.h"

namespace rocmforge::text::jinja {
namespace {

using Json = nlohmann::ordered_json;

// 2025-07-04T09:05:07, a Friday, the 185th day.
RenderOptions at_reference_time() {
  RenderOptions options;
  std::tm& now = options.now.emplace();
  now.tm_year = 125;
  now.tm_mon = 6;
  now.tm_mday = 4;
  now.tm_hour = 9;
  now.tm_min = 5;
  now.tm_sec = 7;
  now.tm_wday = 5;
  now.tm_yday = 184;
  return options;
}

void check(const Json& test_case, const std::string& source) {
  std::string text;
  std::string problem;
  try {
    text =
        Template::parse(source).render(from_json(test_case.at("context"), Origin::kContext), at_reference_time()).text;
  } catch (const Error& error) {
    problem = error.message();
  }
  if (test_case.contains("expected")) {
    EXPECT_EQ(problem, "");
    EXPECT_EQ(text, test_case.at("expected").get<std::string>());
    return;
  }
  const std::string kind = test_case.at("error_kind");
  if (kind == "raise_exception") {
    EXPECT_EQ(problem, test_case.at("expected_error").get<std::string>());
  } else if (kind == "syntax") {
    EXPECT_NE(problem, "");
  }
}

void check_file(const std::filesystem::path& path, const std::filesystem::path& templates) {
  const Json file = parse_ordered_json(testing::read_text(path.string()), path.string());
  for (const Json& test_case : file.at("cases")) {
    SCOPED_TRACE(path.stem().string() + " " + test_case.at("name").get<std::string>());
    check(test_case, test_case.contains("template_text")
                         ? test_case.at("template_text").get<std::string>()
                         : testing::read_text((templates / test_case.at("template").get<std::string>()).string()));
  }
}

TEST(JinjaConformance, RendersAsTheReferenceDoes) {
  const std::filesystem::path folder = testing::conformance_folder() / "template";
  if (!std::filesystem::exists(folder / "language.json")) {
    GTEST_SKIP() << "no " << folder << "; ROCMFORGE_CONFORMANCE can say where the conformance data is";
  }
  check_file(folder / "language.json", folder / "templates");
  for (const auto& entry : std::filesystem::directory_iterator(folder / "cases")) {
    check_file(entry.path(), folder / "templates");
  }
}

// Templates without cases must at least parse.
TEST(JinjaConformance, ParsesEveryTemplate) {
  const std::filesystem::path folder = testing::conformance_folder() / "template/templates";
  if (!std::filesystem::exists(folder)) {
    GTEST_SKIP() << "no " << folder << "; ROCMFORGE_CONFORMANCE can say where the conformance data is";
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    EXPECT_NO_THROW(Template::parse(testing::read_text(entry.path().string()), entry.path().string()));
  }
}

}  // namespace
}  // namespace rocmforge::text::jinja
