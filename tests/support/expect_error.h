// EXPECT_ERROR(gguf::open(file), "1 byte is missing") checks that the statement throws an Error whose message or hint
// contains the text.
#pragma once

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

#define EXPECT_ERROR(statement, text)                                                                   \
  do {                                                                                                  \
    try {                                                                                               \
      (void)(statement);                                                                                \
      ADD_FAILURE() << #statement << " succeeded, expected an error with '" << (text) << "'";           \
    } catch (const ::rocmforge::Error& expected_error) {                                                \
      EXPECT_THAT(expected_error.message() + "\n" + expected_error.hint(), ::testing::HasSubstr(text)); \
    }                                                                                                   \
  } while (false)
