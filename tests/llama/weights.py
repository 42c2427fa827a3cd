"""A Llama of some 100,000 random weights whose tokens are bytes, as a GGUF file.

Usage: python weights.py FILE
"""

import sys

import gguf
import numpy as np

WIDTH, HEADS, LAYERS, INNER, WINDOW = 64, 4, 2, 128, 131_072
MARKS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
NORMAL, CONTROL = 1, 3
END_BIAS = 1.5
"""The end of a reply is made likelier, so that some come to an end by themselves."""
TEMPLATE = (
    "{% if tools %}{{ tools | tojson }}\n{% endif %}"
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "<|im_start|>assistant\n"
)


def main() -> None:
    """Write the file."""
    dice = np.random.default_rng(1)

    def random(*shape: int) -> np.ndarray:
        return (dice.standard_normal(shape) * 0.2).astype(np.float32)

    tokens = [*_letters(), "th", *MARKS]
    writer = gguf.GGUFWriter(sys.argv[1], "llama")
    writer.add_context_length(WINDOW)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([NORMAL] * 257 + [CONTROL] * len(MARKS))
    writer.add_token_merges(["t h"])
    writer.add_bos_token_id(tokens.index(MARKS[0]))
    writer.add_eos_token_id(tokens.index(MARKS[2]))
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)
    output = random(len(tokens), WIDTH)
    output[tokens.index(MARKS[2])] *= END_BIAS
    writer.add_tensor("token_embd.weight", random(len(tokens), WIDTH))
    writer.add_tensor("output.weight", output)
    writer.add_tensor("output_norm.weight", np.ones(WIDTH, np.float32))
    square, wide, narrow = (WIDTH, WIDTH), (INNER, WIDTH), (WIDTH, INNER)
    shapes = {f"attn_{name}": square for name in ("q", "k", "v", "output")}
    shapes |= {"ffn_gate": wide, "ffn_up": wide, "ffn_down": narrow}
    for layer in range(LAYERS):
        for name, shape in shapes.items():
            writer.add_tensor(f"blk.{layer}.{name}.weight", random(*shape))
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{layer}.{name}.weight", np.ones(WIDTH, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _letters() -> list[str]:
    """A visible letter for each byte, in the way of GPT-2's tokenizer."""
    visible = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in visible]
    letters = {byte: chr(byte) for byte in visible}
    letters |= {byte: chr(256 + number) for number, byte in enumerate(hidden)}
    return [letters[byte] for byte in range(256)]


if __name__ == "__main__":
    main()
