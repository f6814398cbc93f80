// The ways in which checkpoints store quantized weights, each read as the matrix of numbers that it stands for.
#pragma once

#include <memory>

#include "convert/hugging_face/checkpoint.h"
#include "convert/hugging_face/weight.h"

namespace rocmforge::convert {

// Where its bytes are, to let go of them.
struct Storage {
  const Checkpoint& checkpoint;
  const StoredTensor& tensor;
};

// Numbers as they are: floats and integers.
std::unique_ptr<Weight> plain_weight(Storage storage);

// FP8 with a scale for all, for each row, or for each block of rows and columns.
std::unique_ptr<Weight> scaled_fp8_weight(std::string name, Storage codes, const StoredTensor& scales);

// Four-bit integers along the rows of [in, out] with a scale and a zero point for each group of inputs. GPTQ packs
// eight inputs into a word and may take the groups in another order (`order`); AWQ packs eight outputs, interleaved.
struct FourBitParts {
  Storage words;
  const StoredTensor& zeros;
  const StoredTensor& scales;
  const StoredTensor* order = nullptr;
};
enum class ZeroPoints { kLessOne, kAsTheyAre };  // the first kind of GPTQ files stores one less
std::unique_ptr<Weight> gptq_weight(std::string name, const FourBitParts& parts, ZeroPoints zero_points);
std::unique_ptr<Weight> awq_weight(std::string name, const FourBitParts& parts);

// Four-bit integers less 8 along the rows of [out, in], eight to a word, a scale for each group: compressed-tensors.
std::unique_ptr<Weight> packed_integers_weight(std::string name, Storage words, const StoredTensor& scales);

// OCP microscaling: 32 elements share a power of two. Elements of [..., columns] are packed from the low bits up.
std::unique_ptr<Weight> microscaled_weight(std::string name, Storage codes, const StoredTensor& scales,
                                           const quant::Format& format);

// NVFP4: 16 elements share an E4M3 scale. The factor for the whole tensor is a weight of its own.
std::unique_ptr<Weight> nvfp4_weight(std::string name, Storage codes, const StoredTensor& scales);

}  // namespace rocmforge::convert
