// A conversation in C++.
//
//   c++ -std=c++20 chat.cpp $(pkg-config --cflags --libs rocmforge) -o chat
//   ./chat model.gguf
#include <iostream>
#include <string>
#include <vector>

#include <rocmforge/rocmforge.h>

namespace {

void talk(const std::string& path) {
  rocmforge::Model model = rocmforge::Model::load(path);
  std::vector<rocmforge::Message> messages;
  std::string line;
  while (std::cout << "> " << std::flush && std::getline(std::cin, line)) {
    messages.push_back({rocmforge::Role::kUser, line});
    const rocmforge::Generation reply = model.chat(messages, {}, [](const rocmforge::Piece& piece) {
      std::cout << piece.text << std::flush;
      return true;  // false ends the answer
    });
    std::cout << '\n';
    messages.push_back({rocmforge::Role::kAssistant, reply.text, reply.reasoning});
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: " << argv[0] << " MODEL\n";
    return 2;
  }
  try {
    talk(argv[1]);
  } catch (const rocmforge::Error& error) {
    std::cerr << "error: " << error.message() << '\n';
    return 1;
  }
}
