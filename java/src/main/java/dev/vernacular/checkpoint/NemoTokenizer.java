package dev.vernacular.checkpoint;

import dev.vernacular.config.ModelSection;
import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.TokenizerFiles;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/// The tokenizer's files as a `.nemo` carries them: each under the first 32 hex digits of its SHA-256, so that
/// the same files have the same names.
///
/// @param files  by name in the archive
/// @param values of the section's `tokenizer` keys; empty for a file that is not there
/// @param size   number of tokens; empty without a tokenizer
record NemoTokenizer(Map<String, byte[]> files, Map<String, Optional<String>> values, OptionalInt size) {
    private static final String MEMBER = "nemo:";

    static NemoTokenizer of(Optional<TokenizerFiles> tokenizer) {
        Optional<Tokenizer> loaded = tokenizer.map(Tokenizer::of);
        OptionalInt size = loaded.map(found -> OptionalInt.of(found.size())).orElse(OptionalInt.empty());
        NemoTokenizer artifacts = new NemoTokenizer(new LinkedHashMap<>(), new LinkedHashMap<>(), size);
        TokenizerFiles files =
                loaded.map(NemoTokenizer::complete).orElse(new TokenizerFiles(new byte[0], new byte[0], new byte[0]));
        artifacts.add("vocab_file", "vocab.json", files.vocabJson());
        artifacts.add("merge_file", "merges.txt", files.mergesTxt());
        artifacts.add("tokenizer_json", "tokenizer.json", files.tokenizerJson());
        return artifacts;
    }

    /// The section with its `tokenizer` keys pointing at these files.
    ///
    /// @throws CheckpointException if the section names another artifact, which would be lost
    ModelSection name(ModelSection section) {
        ModelSection named = section;
        for (Map.Entry<String, Optional<String>> value : values.entrySet()) {
            String key = "tokenizer." + value.getKey();
            boolean isAbsentAnyway =
                    value.getKey().equals("tokenizer_json") && section.get(key).isEmpty();
            if (value.getValue().isPresent() || !isAbsentAnyway) {
                named = named.with(key, value.getValue().orElse(null));
            }
        }
        String model = named.text("tokenizer.model", "");
        if (model.startsWith(MEMBER)) {
            throw new CheckpointException(section.origin() + ": tokenizer.model is " + model
                    + "; SentencePiece tokenizers are not supported, and writing would lose it");
        }
        return named;
    }

    private void add(String key, String baseName, byte[] content) {
        if (content.length == 0) {
            values.put(key, Optional.empty());
            return;
        }
        String name = sha256(content).substring(0, 32) + "_" + baseName;
        files.put(name, content);
        values.put(key, Optional.of(MEMBER + name));
    }

    /// `vocab.json` and `merges.txt` are what NeMo reads and are always there; `tokenizer.json` only when it
    /// says more: another pre-tokenizer than GPT-2's, or further added tokens.
    private static TokenizerFiles complete(Tokenizer tokenizer) {
        TokenizerFiles all = tokenizer.files();
        boolean saysMore =
                !tokenizer.preTokenizer().equals("gpt2") || tokenizer.addedIds().size() > 1;
        return new TokenizerFiles(all.vocabJson(), all.mergesTxt(), saysMore ? all.tokenizerJson() : new byte[0]);
    }

    private static String sha256(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }
}
