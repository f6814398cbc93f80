// A fixture with the conformance data for formats. It skips its tests if the data is absent.
#pragma once

#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "quant/formats.h"
#include "support/reference_data.h"

namespace rocmforge::testing {

class QuantConformance : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(path("index.json"))) {
      GTEST_SKIP() << "no conformance data in " << folder_ << "; ROCMFORGE_CONFORMANCE can say where it is";
    }
  }

  std::string path(std::string_view name) const { return (folder_ / "quant" / name).string(); }

  std::string text(std::string_view name) const {
    std::ifstream file(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  // The blocks of a format's two tensors. The file ends with the data of `t`, followed by that of `r`, each padded to
  // 32 bytes.
  struct Tensors {
    std::vector<std::byte> t;
    std::vector<std::byte> r;
  };
  Tensors tensors(const quant::Format& format, std::size_t values) const {
    const std::string file = text(std::string(format.name) + ".gguf");
    const std::size_t size = values / format.block_values * format.block_bytes;
    const std::size_t padded = (size + 31) / 32 * 32;
    Tensors found{std::vector<std::byte>(size), std::vector<std::byte>(size)};
    if (file.size() < 2 * padded) throw std::runtime_error(std::string(format.name) + ".gguf is too short");
    const char* data = file.data() + file.size() - 2 * padded;
    std::memcpy(found.t.data(), data, size);
    std::memcpy(found.r.data(), data + padded, size);
    return found;
  }

 private:
  std::filesystem::path folder_ = conformance_folder();
};

}  // namespace rocmforge::testing
