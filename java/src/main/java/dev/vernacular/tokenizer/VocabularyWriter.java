package dev.vernacular.tokenizer;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.vernacular.tokenizer.Vocabulary.AddedToken;
import dev.vernacular.tokenizer.Vocabulary.Merge;
import dev.vernacular.tokenizer.pieces.PreTokenizer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/// Writes a vocabulary's files, the same bytes for the same vocabulary. `vocab.json` and `merges.txt` are byte
/// for byte what Hugging Face `tokenizers` saves; `tokenizer.json` says the same with a token or a merge a
/// line.
final class VocabularyWriter {
    private static final JsonMapper JSON = new JsonMapper();

    private VocabularyWriter() {}

    /// `files` with those that are absent written anew.
    static TokenizerFiles complete(TokenizerFiles files, Vocabulary vocabulary) {
        return new TokenizerFiles(
                files.vocabJson().length > 0 ? files.vocabJson() : vocabJson(vocabulary),
                files.mergesTxt().length > 0 ? files.mergesTxt() : mergesTxt(vocabulary),
                files.tokenizerJson().length > 0 ? files.tokenizerJson() : tokenizerJson(vocabulary));
    }

    private static byte[] mergesTxt(Vocabulary vocabulary) {
        StringBuilder lines = new StringBuilder("#version: 0.2\n");
        for (Merge merge : vocabulary.merges()) {
            lines.append(merge.left()).append(' ').append(merge.right()).append('\n');
        }
        return lines.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] vocabJson(Vocabulary vocabulary) {
        return written(json -> writeTokens(json, vocabulary));
    }

    private static byte[] tokenizerJson(Vocabulary vocabulary) {
        DefaultIndenter lineAndTwoSpaces = new DefaultIndenter("  ", "\n");
        return written(json -> {
            json.setPrettyPrinter(new DefaultPrettyPrinter(
                            Separators.createDefaultInstance().withObjectFieldValueSpacing(Separators.Spacing.AFTER))
                    .withObjectIndenter(lineAndTwoSpaces)
                    .withArrayIndenter(lineAndTwoSpaces));
            json.writeStartObject();
            json.writeStringField("version", "1.0");
            json.writeNullField("truncation");
            json.writeNullField("padding");
            writeAdded(json, vocabulary);
            json.writeNullField("normalizer");
            writePreTokenizer(json, vocabulary.preTokenizer());
            json.writeFieldName("post_processor");
            writeByteLevel(json, true, false, true);
            json.writeFieldName("decoder");
            writeByteLevel(json, true, true, true);
            writeModel(json, vocabulary);
            json.writeEndObject();
            json.writeRaw('\n');
        });
    }

    private static void writeAdded(JsonGenerator json, Vocabulary vocabulary) throws IOException {
        json.writeArrayFieldStart("added_tokens");
        for (AddedToken token : vocabulary.added()) {
            json.writeStartObject();
            json.writeNumberField("id", token.id());
            json.writeStringField("content", token.content());
            json.writeBooleanField("single_word", false);
            json.writeBooleanField("lstrip", false);
            json.writeBooleanField("rstrip", false);
            json.writeBooleanField("normalized", false);
            json.writeBooleanField("special", token.special());
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    /// GPT-2's pattern is the one `ByteLevel` has built in; another is a `Split` before it.
    private static void writePreTokenizer(JsonGenerator json, PreTokenizer preTokenizer) throws IOException {
        json.writeFieldName("pre_tokenizer");
        if (preTokenizer == PreTokenizer.GPT2) {
            writeByteLevel(json, false, true, true);
            return;
        }
        json.writeStartObject();
        json.writeStringField("type", "Sequence");
        json.writeArrayFieldStart("pretokenizers");
        json.writeStartObject();
        json.writeStringField("type", "Split");
        json.writeObjectFieldStart("pattern");
        json.writeStringField("Regex", preTokenizer.pattern());
        json.writeEndObject();
        json.writeStringField("behavior", "Isolated");
        json.writeBooleanField("invert", false);
        json.writeEndObject();
        writeByteLevel(json, false, true, false);
        json.writeEndArray();
        json.writeEndObject();
    }

    private static void writeByteLevel(JsonGenerator json, boolean prefixSpace, boolean trimOffsets, boolean useRegex)
            throws IOException {
        json.writeStartObject();
        json.writeStringField("type", "ByteLevel");
        json.writeBooleanField("add_prefix_space", prefixSpace);
        json.writeBooleanField("trim_offsets", trimOffsets);
        json.writeBooleanField("use_regex", useRegex);
        json.writeEndObject();
    }

    private static void writeModel(JsonGenerator json, Vocabulary vocabulary) throws IOException {
        json.writeObjectFieldStart("model");
        json.writeStringField("type", "BPE");
        for (String option : new String[] {"dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"}) {
            json.writeNullField(option);
        }
        for (String option : new String[] {"fuse_unk", "byte_fallback", "ignore_merges"}) {
            json.writeBooleanField(option, false);
        }
        json.writeFieldName("vocab");
        writeTokens(json, vocabulary);
        json.writeArrayFieldStart("merges");
        for (Merge merge : vocabulary.merges()) {
            json.writeString(merge.left() + ' ' + merge.right()); // every version of tokenizers reads this form
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private static void writeTokens(JsonGenerator json, Vocabulary vocabulary) throws IOException {
        json.writeStartObject();
        int id = 0;
        for (String token : vocabulary.tokens()) {
            json.writeNumberField(token, id++);
        }
        json.writeEndObject();
    }

    private interface Content {
        void writeTo(JsonGenerator json) throws IOException;
    }

    private static byte[] written(Content content) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (JsonGenerator json = JSON.createGenerator(out)) {
            content.writeTo(json);
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory", e);
        }
        return out.toByteArray();
    }
}
