package dev.vernacular.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.time.format.FormatStyle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Currency;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/// Text to tokenize, without a file: places, languages, currencies and dates in the JDK's words for a language,
/// drawn by Zipf's law so that some words are frequent and most are rare.
final class SampleText {
    private static final int DOCUMENTS = 2_000;
    private static final int PHRASES = 60;

    private SampleText() {}

    /// @param source a language tag, or a file of which each line is a document
    static List<String> of(String source) {
        Path file = Path.of(source);
        if (!Files.exists(file)) {
            return drawn(Locale.forLanguageTag(source));
        }
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<String> drawn(Locale language) {
        List<String> phrases = phrases(language);
        Random random = new Random(1);
        List<String> documents = new ArrayList<>();
        for (int i = 0; i < DOCUMENTS; i++) {
            StringBuilder document = new StringBuilder();
            for (int j = 0; j < PHRASES; j++) {
                // The rank is log-uniform: its probability falls as one over the rank.
                int rank = (int) Math.pow(phrases.size(), random.nextDouble()) - 1;
                document.append(phrases.get(rank)).append(j % 9 == 8 ? ". " : " ");
            }
            documents.add(document.toString());
        }
        return documents;
    }

    private static List<String> phrases(Locale language) {
        List<String> phrases = new ArrayList<>();
        Arrays.stream(Locale.getISOCountries())
                .forEach(code -> phrases.add(Locale.of("", code).getDisplayCountry(language)));
        Arrays.stream(Locale.getISOLanguages())
                .forEach(code -> phrases.add(Locale.of(code).getDisplayLanguage(language)));
        Currency.getAvailableCurrencies().stream()
                .map(currency -> currency.getDisplayName(language))
                .sorted()
                .forEach(phrases::add);
        DateTimeFormatter dates =
                DateTimeFormatter.ofLocalizedDate(FormatStyle.FULL).withLocale(language);
        for (int day = 0; day < 366; day++) {
            phrases.add(dates.format(LocalDate.ofYearDay(2024, 1).plusDays(day)));
        }
        return phrases;
    }
}
