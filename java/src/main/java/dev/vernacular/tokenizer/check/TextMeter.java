package dev.vernacular.tokenizer.check;

import dev.vernacular.files.Utf8;
import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.check.TextCheck.Fertility;
import dev.vernacular.tokenizer.text.WordCounter;
import java.util.Arrays;

/// Measures two tokenizers on documents, one at a time, so that a text of any size takes no memory.
public final class TextMeter {
    private final Tokenizer base;
    private final Tokenizer merged;
    private final WordCounter counter;
    private final TokenDrift drift;
    private long documents;
    private long bytes;
    private long characters;
    private long words;
    private long mergedTokens;
    private boolean roundTrip = true;

    /// @param language whose words are counted
    public TextMeter(Tokenizer base, Tokenizer merged, String language) {
        this.base = base;
        this.merged = merged;
        this.counter = new WordCounter(language);
        this.drift = new TokenDrift(base, merged);
    }

    public void add(String document) {
        byte[] utf8 = Utf8.bytes(document);
        int[] before = base.encode(document);
        int[] after = merged.encode(document);
        documents++;
        bytes += utf8.length;
        characters += document.codePointCount(0, document.length());
        words += counter.count(document);
        mergedTokens += after.length;
        drift.add(before, after);
        roundTrip &= Arrays.equals(base.decodeBytes(before), utf8) && Arrays.equals(merged.decodeBytes(after), utf8);
    }

    public TextCheck result() {
        return new TextCheck(
                documents,
                bytes,
                characters,
                words,
                Fertility.of(drift.tokens(), characters, bytes, words),
                Fertility.of(mergedTokens, characters, bytes, words),
                drift.share(),
                roundTrip);
    }
}
