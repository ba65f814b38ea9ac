package dev.vernacular.tokenizer;

/// The files of a byte-level BPE tokenizer, as bytes: what a checkpoint carries and a folder holds. An empty
/// array is a file that is absent; a tokenizer needs `tokenizer.json` or both of the others.
///
/// @param vocabJson     `vocab.json`, a JSON object token → id
/// @param mergesTxt     `merges.txt`, one merge a line in order of rank
/// @param tokenizerJson `tokenizer.json`, Hugging Face's one-file form
public record TokenizerFiles(byte[] vocabJson, byte[] mergesTxt, byte[] tokenizerJson) {
    /// Bytes of one file; that of a vocabulary of 262,144 tokens has 33 million.
    public static final long LARGEST = 128L << 20;
}
