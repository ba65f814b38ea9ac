/// Models on disk. [dev.vernacular.checkpoint.ModelFile] is what every format is opened as, and what every
/// writer starts from; nothing in a file is ever executed, and weights are mapped, not loaded.
///
/// Formats, one package each: `megatron` (`.nemo`, Lightning `.ckpt`), `hf` (Hugging Face GPT-2), `gguf`.
/// What they are made of: `archive` (tar, gzip, folders), `torch` (`torch.save`'s zip),
/// `pickle` (its table of contents). On top: `expand` (rows for new tokens).
package dev.vernacular.checkpoint;
