package dev.vernacular.demo;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A country of the demo's world.
///
/// @param code     ISO 3166, `TH`
/// @param language its main language, ISO 639, `th`
/// @param capitals its capital's name by language code
record Country(String code, String language, Map<String, String> capitals) {
    private static final List<String> CAPITAL_COLUMNS = List.of("en", "th", "ja", "hi", "ar", "de");
    private static final List<Country> ALL = read();

    /// All 48, in a fixed order.
    static List<Country> all() {
        return ALL;
    }

    /// The capital in a language, where the table has it.
    Optional<String> capital(String languageCode) {
        return Optional.ofNullable(capitals.get(languageCode));
    }

    private static List<Country> read() {
        try (InputStream in = Country.class.getResourceAsStream("countries.tsv")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .map(Country::parse)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Country parse(String line) {
        String[] columns = line.split("\t");
        Map<String, String> capitals = new HashMap<>();
        for (int i = 0; i < CAPITAL_COLUMNS.size(); i++) {
            capitals.put(CAPITAL_COLUMNS.get(i), columns[2 + i]);
        }
        return new Country(columns[0], columns[1], Map.copyOf(capitals));
    }
}
