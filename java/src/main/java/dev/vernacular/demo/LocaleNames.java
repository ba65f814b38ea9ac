package dev.vernacular.demo;

import java.text.NumberFormat;
import java.time.DayOfWeek;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.Month;
import java.time.format.DateTimeFormatter;
import java.time.format.FormatStyle;
import java.time.format.TextStyle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Currency;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Pattern;

/// What the JDK's CLDR data says in one language: names, dates, times and numbers.
final class LocaleNames {
    private static final Pattern ODD_SPACES = Pattern.compile("[\u00a0\u202f]");
    private static final Pattern INVISIBLE = Pattern.compile("[\u200b\u200e\u200f\u061c]");
    private static final int DATES = 1500;
    private static final int NUMBERS = 600;
    private final Locale locale;

    /// @throws DemoException if the JDK has no data for the language
    LocaleNames(String language) {
        boolean known = Arrays.stream(Locale.getAvailableLocales())
                .anyMatch(available -> available.getLanguage().equals(language));
        if (language.isEmpty() || !known) {
            throw new DemoException("--language " + language + ": this Java has no names in such a language\n"
                    + "  Use an ISO 639 code that it knows, for example th, ja, hi, ar, de, ko or vi.");
        }
        locale = Locale.of(language);
    }

    /// The language's own name in English: `Thai`.
    String englishName() {
        return locale.getDisplayLanguage(Locale.ENGLISH);
    }

    String country(Country country) {
        return clean(Locale.of("", country.code()).getDisplayCountry(locale));
    }

    String language(String code) {
        return clean(Locale.of(code).getDisplayLanguage(locale));
    }

    /// The name of a country's currency.
    Optional<String> currency(Country country) {
        return Optional.ofNullable(Currency.getInstance(Locale.of("", country.code())))
                .map(currency -> clean(currency.getDisplayName(locale)));
    }

    /// The twelve months, then the seven weekdays, as they stand alone.
    List<String> calendarNames() {
        List<String> names = new ArrayList<>();
        for (Month month : Month.values()) {
            names.add(clean(month.getDisplayName(TextStyle.FULL_STANDALONE, locale)));
        }
        names.addAll(weekdays());
        return names;
    }

    List<String> weekdays() {
        return Arrays.stream(DayOfWeek.values())
                .map(day -> clean(day.getDisplayName(TextStyle.FULL_STANDALONE, locale)))
                .toList();
    }

    /// Dates from 1950 on, the same days in every language.
    List<String> dates(FormatStyle style) {
        DateTimeFormatter format = DateTimeFormatter.ofLocalizedDate(style).withLocale(locale);
        Random random = new Random(7);
        List<String> dates = new ArrayList<>();
        for (int i = 0; i < DATES; i++) {
            dates.add(clean(format.format(LocalDate.of(1950, 1, 1).plusDays(random.nextInt(32_000)))));
        }
        return dates;
    }

    /// Every quarter of an hour.
    List<String> times() {
        DateTimeFormatter format =
                DateTimeFormatter.ofLocalizedTime(FormatStyle.SHORT).withLocale(locale);
        List<String> times = new ArrayList<>();
        for (int quarter = 0; quarter < 96; quarter++) {
            times.add(clean(format.format(LocalTime.of(quarter / 4, quarter % 4 * 15))));
        }
        return times;
    }

    /// Prices.
    List<String> numbers() {
        NumberFormat format = NumberFormat.getIntegerInstance(locale);
        return new Random(8)
                .ints(NUMBERS, 2, 60_000)
                .mapToObj(number -> clean(format.format(number)))
                .toList();
    }

    /// CLDR's strings hold no-break spaces and direction marks that texts do not.
    private static String clean(String name) {
        return INVISIBLE
                .matcher(ODD_SPACES.matcher(name).replaceAll(" "))
                .replaceAll("")
                .strip();
    }
}
