// `rocmforge dequantize`: writes one tensor as float32.
#include <algorithm>
#include <memory>
#include <vector>

#include "base/npy.h"
#include "cli/commands.h"
#include "cli/model_source.h"
#include "gguf/reader.h"
#include "quant/codec.h"

namespace rocmforge::cli {
namespace {

struct DequantizeArguments {
  std::string model;
  std::string tensor;
  std::string output;
};

void dequantize(const DequantizeArguments& arguments) {
  const gguf::File file = gguf::File::open(path_of_model(arguments.model));
  const gguf::Tensor& tensor = file.tensor(arguments.tensor);
  file.refuse_to_overwrite(arguments.output);
  // NumPy lists the contiguous dimension last.
  const auto dimensions = tensor.shape.dimensions();
  const std::vector<std::size_t> shape(dimensions.rbegin(), dimensions.rend());
  NpyWriter writer(arguments.output, shape);

  constexpr std::size_t kValuesAtATime = 1 << 20;
  const quant::Format& format = *tensor.format;
  const std::size_t blocks_at_a_time = kValuesAtATime / format.block_values;
  std::vector<float> values;
  for (std::size_t done = 0; done < tensor.bytes.size();) {
    const std::size_t bytes = std::min(blocks_at_a_time * format.block_bytes, tensor.bytes.size() - done);
    values.resize(bytes / format.block_bytes * format.block_values);
    quant::decode_row(format, tensor.bytes.subspan(done, bytes), values);
    writer.append(values);
    done += bytes;
  }
  file.check_intact();
  writer.commit();
}

}  // namespace

Command dequantize_command() {
  const auto arguments = std::make_shared<DequantizeArguments>();
  return {
      .name = "dequantize",
      .summary = "Write one tensor as float32 to a NumPy file",
      .details =
          "The array has the tensor's dimensions, with the contiguous one last. The scale\n"
          "of an NVFP4 tensor is a separate tensor and is not applied.",
      .examples =
          "  rocmforge dequantize model.gguf --tensor blk.0.attn_q.weight --out q.npy\n"
          "  python3 -c \"import numpy; print(numpy.load('q.npy').std())\"",
      .arguments = {{.names = "MODEL",
                     .value = "MODEL",
                     .help = kModelHelp,
                     .place = &arguments->model,
                     .required = true,
                     .completes = Completes::kFile},
                    {.names = "--tensor",
                     .value = "NAME",
                     .help = "Name of the tensor, as listed by `inspect --tensors`",
                     .place = &arguments->tensor,
                     .required = true},
                    {.names = "--out",
                     .value = "F.npy",
                     .help = "File to write; an existing file is replaced",
                     .place = &arguments->output,
                     .required = true,
                     .completes = Completes::kFile}},
      .run = [arguments] { dequantize(*arguments); },
  };
}

}  // namespace rocmforge::cli
