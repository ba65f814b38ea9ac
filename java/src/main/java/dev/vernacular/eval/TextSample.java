package dev.vernacular.eval;

import dev.vernacular.files.Document;
import dev.vernacular.files.DocumentReader;
import dev.vernacular.files.Utf8;
import dev.vernacular.model.GptConfig;
import dev.vernacular.model.ParameterLayout;
import dev.vernacular.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/// The beginning of a text, as much of it as a check can afford.
///
/// @param texts  documents, the last of which may be cut
/// @param tokens of them, by the base's tokenizer
/// @param bytes  of them in UTF-8
public record TextSample(List<String> texts, long tokens, long bytes) {
    /// A minute's worth on two cores, at some 80 GFLOP/s.
    private static final double OPERATIONS = 5e12;

    private static final long FEWEST_TOKENS = 256;
    private static final long MOST_TOKENS = 1 << 16;

    /// Tokens that four forward passes of a model of this size can take: two models' losses, then their
    /// distributions.
    static long affordableTokens(GptConfig config) {
        double operationsOfToken = 4 * 2.0 * new ParameterLayout(config).parameterCount();
        return Math.clamp((long) (OPERATIONS / operationsOfToken), FEWEST_TOKENS, MOST_TOKENS);
    }

    /// Reads no more documents than it takes.
    ///
    /// @param tokenizer of the base
    public static TextSample of(DocumentReader documents, Tokenizer tokenizer, GptConfig config) {
        return of(() -> documents.next().map(Document::text), tokenizer, affordableTokens(config));
    }

    /// As [#of(DocumentReader, Tokenizer, GptConfig)], of documents at hand.
    public static TextSample of(List<String> documents, Tokenizer tokenizer, GptConfig config) {
        Iterator<String> rest = documents.iterator();
        return of(
                () -> rest.hasNext() ? Optional.of(rest.next()) : Optional.empty(),
                tokenizer,
                affordableTokens(config));
    }

    private static TextSample of(Supplier<Optional<String>> documents, Tokenizer tokenizer, long most) {
        List<String> texts = new ArrayList<>();
        long tokens = 0;
        long bytes = 0;
        boolean isEnough = false;
        for (Optional<String> next = documents.get(); !isEnough && next.isPresent(); next = documents.get()) {
            String text = beginning(next.get(), tokenizer, most - tokens);
            texts.add(text);
            tokens += tokenizer.encodeOrdinary(text).length;
            bytes += Utf8.bytes(text).length;
            isEnough = tokens >= most || text.length() < next.get().length();
        }
        return new TextSample(List.copyOf(texts), tokens, bytes);
    }

    /// About as many tokens of the text as are wanted, in whole characters.
    private static String beginning(String text, Tokenizer tokenizer, long tokens) {
        int all = tokenizer.encodeOrdinary(text).length;
        if (all <= tokens) {
            return text;
        }
        int characters = text.codePointCount(0, text.length());
        return text.substring(0, text.offsetByCodePoints(0, (int) (characters * tokens / all)));
    }
}
