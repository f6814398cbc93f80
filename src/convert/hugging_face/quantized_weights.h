// Reads the formats in which checkpoints store quantized weights; each becomes a matrix of numbers.
#pragma once

#include <memory>

#include "convert/hugging_face/checkpoint.h"
#include "convert/hugging_face/weight.h"

namespace rocmforge::convert {

// The place of a weight's bytes, with which they can be released.
struct Storage {
  const Checkpoint& checkpoint;
  const StoredTensor& tensor;
};

// Returns a weight of unquantized numbers: floats and integers.
std::unique_ptr<Weight> plain_weight(Storage storage);

// Returns an FP8 weight with a scale for the whole tensor, for each row, or for each block of rows and columns.
std::unique_ptr<Weight> scaled_fp8_weight(std::string name, Storage codes, const StoredTensor& scales);

// Four-bit integers along the rows of [in, out], with a scale and a zero point for each group of inputs. GPTQ packs
// eight inputs into a word and may assign inputs to groups by `order`; AWQ packs eight outputs, interleaved.
struct FourBitParts {
  Storage words;
  const StoredTensor& zeros;
  const StoredTensor& scales;
  const StoredTensor* order = nullptr;
};
enum class ZeroPoints { kLessOne, kAsTheyAre };  // the first version of GPTQ files stores the zero point less one
std::unique_ptr<Weight> gptq_weight(std::string name, const FourBitParts& parts, ZeroPoints zero_points);
std::unique_ptr<Weight> awq_weight(std::string name, const FourBitParts& parts);

// Returns a weight in the format of compressed-tensors: four-bit integers offset by 8 along the rows of [out, in],
// eight to a word, with a scale for each group.
std::unique_ptr<Weight> packed_integers_weight(std::string name, Storage words, const StoredTensor& scales);

// Returns an OCP microscaling weight: 32 elements share a power of two. Elements of [..., columns] are packed from the
// low bits up.
std::unique_ptr<Weight> microscaled_weight(std::string name, Storage codes, const StoredTensor& scales,
                                           const quant::Format& format);

// Returns an NVFP4 weight: 16 elements share an E4M3 scale. The factor for the whole tensor is a separate weight.
std::unique_ptr<Weight> nvfp4_weight(std::string name, Storage codes, const StoredTensor& scales);

}  // namespace rocmforge::convert
