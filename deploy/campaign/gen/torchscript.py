"""Models of the campaign by the exporter of torch 2.4; see regenerate.sh.

The six models that were measured for IrEne, as they were measured there (without a language-model head), and a decoding step of gpt2.
Each once in float32, unless fixtures/models has it, and once in float16.
"""
import torch
import transformers as tf

from fixtures import torchscript as base


def half(build):
    """The same model and inputs in float16: converted before the export, so that the graph holds no casts of its own."""
    def converted():
        module, args, kwargs, inputs, outputs, dims = build()
        return module.half(), args, cast(kwargs), inputs, outputs, dims
    return converted


def cast(x):
    if isinstance(x, torch.Tensor):
        return x.half() if x.is_floating_point() else x
    if isinstance(x, dict):
        return {k: cast(v) for k, v in x.items()}
    return type(x)(cast(v) for v in x)


bert = base.encoder(tf.BertModel, tf.BertConfig(), outputs=("last_hidden_state", "pooler_output"))
distilbert = base.encoder(tf.DistilBertModel, tf.DistilBertConfig(), with_types=False)
roberta = base.encoder(tf.RobertaModel, tf.RobertaConfig(vocab_size=50265, max_position_embeddings=514, type_vocab_size=1),
                       with_types=False, outputs=("last_hidden_state", "pooler_output"))
gpt2 = base.encoder(tf.GPT2Model, tf.GPT2Config(use_cache=False), with_types=False)
distilgpt2 = base.encoder(tf.GPT2Model, tf.GPT2Config(use_cache=False, n_layer=6), with_types=False)
openai_gpt = base.encoder(tf.OpenAIGPTModel, tf.OpenAIGPTConfig(), with_types=False)

SPECS = [
    base.spec("roberta-base", roberta),
    base.spec("gpt2", gpt2),
    base.spec("distilgpt2", distilgpt2),
    base.spec("openai-gpt", openai_gpt),
    base.spec("bert-base-fp16", half(bert)),
    base.spec("distilbert-base-fp16", half(distilbert)),
    base.spec("roberta-base-fp16", half(roberta)),
    base.spec("gpt2-fp16", half(gpt2)),
    base.spec("distilgpt2-fp16", half(distilgpt2)),
    base.spec("openai-gpt-fp16", half(openai_gpt)),
    base.spec("gpt2-past-fp16", half(base.gpt2_past)),
]
