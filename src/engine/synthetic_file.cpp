#include "engine/synthetic_file.h"

#include <fmt/format.h>

#include "base/log.h"

namespace rocmforge::engine {
namespace {

convert::SyntheticModel described(std::string_view name, std::string_view type) {
  convert::SyntheticModel model = convert::synthetic_model(name, type);
  std::size_t replaced = 0;
  const convert::PlannedTensor* first = nullptr;
  for (const convert::PlannedTensor& tensor : model.plan.tensors) {
    if (tensor.did_not_fit == nullptr) continue;
    if (first == nullptr) first = &tensor;
    ++replaced;
  }
  if (first != nullptr) {
    log::warning("{} of {} tensors have rows that {} does not fit ({}: {} values): others serve, here {}", replaced,
                 model.tensors.size(), first->did_not_fit->name, first->source.name, first->source.shape.row_length(),
                 first->target->name);
  }
  return model;
}

}  // namespace

std::string synthetic_names() {
  std::string names;
  for (const convert::SyntheticShape& shape : convert::synthetic_shapes()) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", shape.name);
  }
  return names;
}

SyntheticFile::SyntheticFile(std::string_view name, std::string_view type)
    : image_(convert::make_synthetic(described(name, type))),
      file_(gguf::File::from_memory(image_.bytes(), fmt::format("{} {}", name, type))) {}

void save_synthetic(std::string_view name, std::string_view type, const std::string& path) {
  convert::write_synthetic(described(name, type), path);
}

}  // namespace rocmforge::engine
