// A stable sort that is safe with any comparison. A template's comparison may not be a strict weak order (NaN) and may
// throw; the standard library's sorts may then read out of bounds.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace rocmforge::text::jinja {

template <typename Item, typename Less>
void merge_sort(std::vector<Item>& items, Less less) {
  std::vector<Item> merged(items.size());
  for (std::size_t width = 1; width < items.size(); width *= 2) {
    for (std::size_t start = 0; start < items.size(); start += 2 * width) {
      const std::size_t middle = std::min(start + width, items.size());
      const std::size_t end = std::min(start + 2 * width, items.size());
      std::size_t left = start;
      std::size_t right = middle;
      for (std::size_t at = start; at < end; ++at) {
        const bool takes_right = left == middle || (right < end && less(items[right], items[left]));
        merged[at] = items[takes_right ? right++ : left++];
      }
    }
    std::swap(items, merged);
  }
}

}  // namespace rocmforge::text::jinja
