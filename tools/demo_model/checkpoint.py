"""Writes the model as a Hugging Face checkpoint: safetensors in shards, its configuration and tokenizer."""

import json
import os
from pathlib import Path

import torch

import tokenizer

SHARD = 12 << 20
TEMPLATE = Path(__file__).with_name("template.jinja")


def write_safetensors(path, tensors):
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, tensor in tensors.items():
        size = 2 * tensor.numel()
        header[name] = {"dtype": "BF16", "shape": list(tensor.shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for tensor in tensors.values():
            file.write(tensor.view(torch.int16).numpy().tobytes())


def read_safetensors(path):
    data = path.read_bytes()
    begin = 8 + int.from_bytes(data[:8], "little")
    for name, entry in json.loads(data[8:begin]).items():
        if name != "__metadata__":
            first, last = (begin + offset for offset in entry["data_offsets"])
            yield name, torch.frombuffer(bytearray(data[first:last]), dtype=torch.bfloat16).view(entry["shape"])


def load_weights(folder, model):
    tensors = (tensor for path in sorted(Path(folder).glob("*.safetensors")) for tensor in read_safetensors(path))
    model.load_state_dict({name.removeprefix("model."): tensor for name, tensor in tensors})


def load_merges(folder):
    return json.loads((Path(folder) / "tokenizer.json").read_text(encoding="utf-8"))["model"]["merges"]


def in_shards(tensors):
    shards, size = [{}], 0
    for name, tensor in tensors.items():
        if size and size + 2 * tensor.numel() > SHARD:
            shards.append({})
            size = 0
        shards[-1][name] = tensor
        size += 2 * tensor.numel()
    return shards


def config_of(shape, words):
    end = words.ids["<|im_end|>"]
    return {
        "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "hidden_size": shape.width, "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads, "num_key_value_heads": shape.kv_heads, "head_dim": shape.head, "intermediate_size": shape.ffn,
        "vocab_size": shape.vocabulary, "max_position_embeddings": shape.context, "rope_theta": shape.rope_base, "rms_norm_eps": shape.epsilon,
        "tie_word_embeddings": True, "hidden_act": "silu", "attention_bias": False, "bos_token_id": None, "eos_token_id": end,
        "torch_dtype": "bfloat16",
    }


def save(folder, model, words):
    folder = Path(folder)
    os.makedirs(folder, exist_ok=True)
    tensors = {"model." + name: value.detach().to("cpu", torch.bfloat16).contiguous() for name, value in model.state_dict().items()}
    shards, places = in_shards(tensors), {}
    for number, shard in enumerate(shards, 1):
        name = f"model-{number:05}-of-{len(shards):05}.safetensors"
        write_safetensors(folder / name, shard)
        places.update({tensor: name for tensor in shard})
    size = sum(2 * tensor.numel() for tensor in tensors.values())
    texts = {
        "model.safetensors.index.json": {"metadata": {"total_size": size}, "weight_map": places},
        "config.json": config_of(model.shape, words),
        "generation_config.json": {"do_sample": False, "temperature": 0.0, "eos_token_id": words.ids["<|im_end|>"]},
        "tokenizer_config.json": {"tokenizer_class": "Qwen2Tokenizer", "add_bos_token": False, "bos_token": None, "eos_token": "<|im_end|>",
                                  "pad_token": "<|endoftext|>", "chat_template": TEMPLATE.read_text(encoding="utf-8").rstrip("\n")},
    }
    for name, value in texts.items():
        (folder / name).write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "tokenizer.json").write_text(tokenizer.as_json(words), encoding="utf-8")
