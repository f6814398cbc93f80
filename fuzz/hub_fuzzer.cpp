// Fuzzes the answers of a hub and the files in a store's folder: listings, links, manifests.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "store/hub.h"
#include "store/manifest.h"
#include "store/source.h"

namespace {

template <typename Function>
void try_to(const Function& function) {
  try {
    function();
  } catch (const rocmforge::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rocmforge;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const store::Url kHub = store::Url::parse("https://hub.example");
  try_to([&] {
    const auto offers = store::offers_of(store::parse_tree(text, "listing"));
    for (const store::Offer& offer : offers) {
      for (const store::RemoteEntry& file : offer.files) RF_CHECK(store::is_sound_path(file.path));
    }
    if (!offers.empty()) store::pick(offers, "hf:org/repo", "");
  });
  try_to([&] { store::parse_state(text, "state"); });
  try_to([&] { store::parse_manifest(store::to_json(store::parse_manifest(text, "manifest")), "manifest"); });
  try_to([&] { store::parse_source(text, kHub); });
  try_to([&] { kHub.resolve(store::next_page(text).value_or("")); });
  store::quant_of(text);
  return 0;
}
