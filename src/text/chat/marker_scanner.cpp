#include "text/chat/marker_scanner.h"

#include <utility>

#include "base/error.h"

namespace rocmforge::text {

MarkerScanner::MarkerScanner(std::vector<std::string_view> markers) : markers_(std::move(markers)) {
  for (const std::string_view marker : markers_) {
    RF_CHECK(!marker.empty());
    if (first_bytes_.find(marker.front()) == std::string::npos) first_bytes_ += marker.front();
  }
}

std::string MarkerScanner::take_held() { return std::exchange(held_, {}); }

}  // namespace rocmforge::text
