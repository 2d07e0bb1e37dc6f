"""Models of the campaign by torch.export (torch 2.11); see regenerate.sh.

Llama 3.2 1B in float16: reading a prompt, and one decoding step with a key/value cache.
"""
import copy

import torch
import transformers as tf
from torch.export import Dim

from fixtures.dynamo import B, S, Decoder

llama = tf.LlamaConfig(vocab_size=128256, hidden_size=2048, intermediate_size=8192, num_hidden_layers=16, num_attention_heads=32,
                       num_key_value_heads=8, head_dim=64, max_position_embeddings=131072, rms_norm_eps=1e-5, tie_word_embeddings=True)


def prefill():
    cfg = copy.deepcopy(llama)
    cfg.return_dict, cfg.use_cache = False, False
    m = tf.LlamaModel._from_config(cfg, attn_implementation="eager").half()
    x = torch.randint(5, llama.vocab_size, (B, S), dtype=torch.int64)
    kwargs = {"input_ids": x, "attention_mask": torch.ones_like(x)}
    dims = {n: {0: Dim("batch", min=1, max=512), 1: Dim("sequence", min=2, max=4096)} for n in kwargs}
    return m, (), kwargs, list(kwargs), ["last_hidden_state"], dims


def decode():
    lm = tf.LlamaForCausalLM._from_config(llama, attn_implementation="sdpa").half()
    n = llama.num_hidden_layers
    past = [torch.randn(B, llama.num_key_value_heads, S, llama.head_dim, dtype=torch.float16) for _ in range(2 * n)]
    kwargs = {"input_ids": torch.randint(5, llama.vocab_size, (B, 1), dtype=torch.int64), "attention_mask": torch.ones(B, S + 1, dtype=torch.int64),
              "position_ids": torch.arange(S, S + 1)[None].repeat(B, 1), "past": past}
    cache = [f"{i}.{k}" for i in range(n) for k in ("key", "value")]
    names = ["input_ids", "attention_mask", "position_ids"] + [f"past.{c}" for c in cache]
    b, p = Dim("batch", min=1, max=512), Dim("past_sequence", min=1, max=4096)
    dims = {"input_ids": {0: b}, "attention_mask": {0: b, 1: p + 1}, "position_ids": {0: b}, "past": [{0: b, 2: p} for _ in past]}
    return Decoder(lm), (), kwargs, names, ["logits"] + [f"present.{c}" for c in cache], dims


SPECS = [
    {"name": "llama-3.2-1b-fp16", "build": prefill, "exporter": "dynamo"},
    {"name": "llama-3.2-1b-fp16-decode", "build": decode, "exporter": "dynamo"},
]
