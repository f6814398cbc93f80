// Tests GPT-2's byte alphabet.
#include "text/byte_alphabet.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "base/text.h"

namespace rocmforge::text {
namespace {

TEST(ByteAlphabet, EveryByteHasACharacterOfItsOwn) {
  std::set<std::string_view> characters;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const std::string_view character = alphabet_character(static_cast<unsigned char>(byte));
    EXPECT_TRUE(is_valid_utf8(character));
    EXPECT_TRUE(characters.insert(character).second) << byte;
    std::string bytes;
    ASSERT_TRUE(append_alphabet_bytes(character, bytes));
    EXPECT_EQ(bytes, std::string(1, static_cast<char>(byte)));
  }
}

// Every GPT-2 vocabulary contains these characters.
TEST(ByteAlphabet, WritesSpaceAndLineBreakAsTheVocabulariesDo) {
  EXPECT_EQ(alphabet_character(' '), "Ġ");
  EXPECT_EQ(alphabet_character('\n'), "Ċ");
  EXPECT_EQ(alphabet_character('a'), "a");
  EXPECT_EQ(alphabet_character(0xad), "Ń");
}

TEST(ByteAlphabet, RefusesOtherCharacters) {
  std::string bytes = "x";
  EXPECT_FALSE(append_alphabet_bytes("a▁", bytes));
  EXPECT_FALSE(append_alphabet_bytes("a\xff", bytes));
  EXPECT_EQ(bytes, "x");
}

}  // namespace
}  // namespace rocmforge::text
