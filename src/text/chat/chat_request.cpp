#include "text/chat/chat_request.h"

#include <algorithm>
#include <array>
#include <utility>

namespace rocmforge::text {
namespace {

constexpr std::array kRoles = std::to_array<std::pair<ChatRole, std::string_view>>({
    {ChatRole::kSystem, "system"},
    {ChatRole::kDeveloper, "developer"},
    {ChatRole::kUser, "user"},
    {ChatRole::kAssistant, "assistant"},
    {ChatRole::kTool, "tool"},
});

}  // namespace

std::string_view name_of(ChatRole role) {
  return std::find_if(kRoles.begin(), kRoles.end(), [&](const auto& entry) { return entry.first == role; })->second;
}

}  // namespace rocmforge::text
