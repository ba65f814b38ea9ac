package dev.vernacular.adapt;

import java.lang.Character.UnicodeScript;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/// How a language is written, as far as its tokenizer must know: told from its text.
///
/// @param script            most of its letters are of
/// @param hasCombiningMarks vowel signs or tone marks follow letters: `\p{L}+` would cut words at each
/// @param separatesWords    words stand between spaces
public record Writing(UnicodeScript script, boolean hasCombiningMarks, boolean separatesWords) {
    /// One mark in fifty letters is a script that uses them, and not a few accents that were typed decomposed.
    private static final double FEWEST_MARKS = 0.02;

    private static final Map<UnicodeScript, String> LANGUAGES = new EnumMap<>(Map.ofEntries(
            Map.entry(UnicodeScript.THAI, "th"),
            Map.entry(UnicodeScript.LAO, "lo"),
            Map.entry(UnicodeScript.KHMER, "km"),
            Map.entry(UnicodeScript.MYANMAR, "my"),
            Map.entry(UnicodeScript.HAN, "zh"),
            Map.entry(UnicodeScript.HIRAGANA, "ja"),
            Map.entry(UnicodeScript.KATAKANA, "ja"),
            Map.entry(UnicodeScript.HANGUL, "ko"),
            Map.entry(UnicodeScript.DEVANAGARI, "hi"),
            Map.entry(UnicodeScript.BENGALI, "bn"),
            Map.entry(UnicodeScript.TAMIL, "ta"),
            Map.entry(UnicodeScript.TELUGU, "te"),
            Map.entry(UnicodeScript.ARABIC, "ar"),
            Map.entry(UnicodeScript.HEBREW, "he"),
            Map.entry(UnicodeScript.GREEK, "el"),
            Map.entry(UnicodeScript.CYRILLIC, "ru"),
            Map.entry(UnicodeScript.GEORGIAN, "ka"),
            Map.entry(UnicodeScript.ARMENIAN, "hy"),
            Map.entry(UnicodeScript.ETHIOPIC, "am")));

    /// The writing of a text; of the letters that are not Latin if those are at least a third, since texts in
    /// any language hold some Latin names.
    public static Writing of(Iterable<String> texts) {
        Map<UnicodeScript, Long> letters = new EnumMap<>(UnicodeScript.class);
        long marks = 0;
        for (String text : texts) {
            for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
                int c = text.codePointAt(i);
                if (Character.isLetter(c)) {
                    letters.merge(UnicodeScript.of(c), 1L, Long::sum);
                } else if (isMark(c)) {
                    marks++;
                }
            }
        }
        long all = letters.values().stream().mapToLong(Long::longValue).sum();
        UnicodeScript script = commonest(letters, all);
        return new Writing(script, marks >= FEWEST_MARKS * Math.max(1, all), separatesWords(script));
    }

    /// The likeliest language of the script, for the name of results; empty for Latin and scripts of many
    /// languages.
    public Optional<String> likelyLanguage() {
        return Optional.ofNullable(LANGUAGES.get(script));
    }

    private static UnicodeScript commonest(Map<UnicodeScript, Long> letters, long all) {
        long latin = letters.getOrDefault(UnicodeScript.LATIN, 0L);
        // Japanese is told by its kana, however many Chinese characters stand between.
        if (letters.getOrDefault(UnicodeScript.HIRAGANA, 0L) > all / 20) {
            return UnicodeScript.HIRAGANA;
        }
        return letters.entrySet().stream()
                .filter(entry -> all - latin < all / 3 || entry.getKey() != UnicodeScript.LATIN)
                .max(Map.Entry.comparingByValue())
                .map(Map.Entry::getKey)
                .orElse(UnicodeScript.UNKNOWN);
    }

    private static boolean separatesWords(UnicodeScript script) {
        return switch (script) {
            case THAI, LAO, KHMER, MYANMAR, HAN, HIRAGANA, KATAKANA -> false;
            default -> true;
        };
    }

    private static boolean isMark(int c) {
        int type = Character.getType(c);
        return type == Character.NON_SPACING_MARK || type == Character.COMBINING_SPACING_MARK;
    }
}
