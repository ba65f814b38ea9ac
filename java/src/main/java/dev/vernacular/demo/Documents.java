package dev.vernacular.demo;

import dev.vernacular.demo.Fact.Relation;
import java.time.format.FormatStyle;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.Set;

/// Makes the documents of one language: 62 % about one country (its facts in random order, now and then a
/// story), 16 % loose facts, 22 % stories; in a target language 5 % are glossaries. Stories are full of dates,
/// times and prices and draw everything independently, so they give no fact away.
final class Documents {
    private static final double GLOSSARY = 0.05;
    private static final double ONE_COUNTRY = 0.62;
    private static final double LOOSE_FACTS = 0.16;
    private static final double STORY_AFTER_FACTS = 0.15;
    private static final double ENGLISH_NAME_IN_BRACKETS = 0.5;
    private static final double OWN_NAME = 0.25;
    private final World world;
    private final World english;
    private final List<Fact> stated;
    private final List<String> cities;
    private final List<String> currencies;
    private final List<String> fullDates;
    private final List<String> longDates;
    private final List<String> times;
    private final List<String> weekdays;
    private final List<String> numbers;
    private final List<NamePair> glossary;

    /// A name in the world's language and in English.
    private record NamePair(String name, String english) {}

    /// @param world   the language to write in
    /// @param english the English world; `world` itself for English documents
    Documents(World world, World english) {
        this.world = world;
        this.english = english;
        stated = world.statedFacts();
        cities = cities();
        currencies = world.answers().keySet().stream()
                .filter(fact -> fact.relation() == Relation.CURRENCY)
                .map(world.answers()::get)
                .toList();
        fullDates = world.names().dates(FormatStyle.FULL);
        longDates = world.names().dates(FormatStyle.LONG);
        times = world.names().times();
        weekdays = world.names().weekdays();
        numbers = world.names().numbers();
        glossary = isTarget() ? namePairs() : List.of();
    }

    /// Training documents; the same number and seed give the same documents.
    List<String> training(int count, long seed) {
        Random random = new Random(seed);
        List<String> documents = new ArrayList<>();
        while (documents.size() < count) {
            String document = document(random);
            if (!document.isEmpty()) {
                documents.add(document);
            }
        }
        return documents;
    }

    /// Documents drawn with another seed, without those that `training` holds too. Sentences that state facts
    /// do occur in training; the documents and their stories do not.
    List<String> heldOut(int count, long seed, List<String> training) {
        Set<String> seen = new LinkedHashSet<>(training);
        List<String> documents = new ArrayList<>();
        for (String document : training(4 * count, seed)) {
            if (documents.size() < count && isPlain(document) && seen.add(document)) {
                documents.add(document);
            }
        }
        return documents;
    }

    /// Each stated fact in the one wording that training withholds: sentences that no document holds.
    List<String> newSentences() {
        return stated.stream()
                .map(fact -> world.sentence(world.withheldWording(fact), fact, ""))
                .toList();
    }

    /// English held-out documents are measured without names in other scripts, which the target language
    /// changes.
    private boolean isPlain(String document) {
        return isTarget() || document.chars().allMatch(c -> c < 0x250);
    }

    private boolean isTarget() {
        return world != english;
    }

    private String document(Random random) {
        List<String> sentences = new ArrayList<>();
        if (isTarget() && random.nextDouble() < GLOSSARY) {
            repeat(random, 2, 5, () -> sentences.add(glossaryEntry(random)));
            return join(sentences);
        }
        double kind = random.nextDouble();
        if (kind < ONE_COUNTRY) {
            aboutOneCountry(random, sentences);
        } else if (kind < ONE_COUNTRY + LOOSE_FACTS) {
            repeat(random, 1, 3, () -> sentences.add(statement(random, pick(random, stated), "")));
        } else {
            repeat(random, 1, 3, () -> sentences.add(story(random)));
        }
        return join(sentences);
    }

    private void aboutOneCountry(Random random, List<String> sentences) {
        Country country = pick(random, Country.all());
        List<Relation> relations = new ArrayList<>(List.of(Relation.values()));
        Collections.shuffle(relations, random);
        for (Relation relation : relations) {
            Fact fact = new Fact(relation, country);
            if (world.answers().containsKey(fact) && world.isStated(fact)) {
                boolean inBrackets =
                        isTarget() && sentences.isEmpty() && random.nextDouble() < ENGLISH_NAME_IN_BRACKETS;
                sentences.add(statement(
                        random, fact, inBrackets ? " (" + english.names().country(country) + ")" : ""));
            }
        }
        if (!isTarget() && random.nextDouble() < OWN_NAME) {
            ownName(country).ifPresent(sentences::add);
        }
        if (random.nextDouble() < STORY_AFTER_FACTS) {
            sentences.add(story(random));
        }
    }

    private String statement(Random random, Fact fact, String afterCountry) {
        return world.sentence(pick(random, world.trainedWordings(fact)), fact, afterCountry);
    }

    private Optional<String> ownName(Country country) {
        boolean isForeign = !country.language().equals("en");
        String name = Locale.of("", country.code()).getDisplayCountry(Locale.of(country.language()));
        return Optional.of(world.phrases().glossary().getFirst())
                .filter(wording -> isForeign)
                .map(wording ->
                        wording.replace("{country}", world.subject(country)).replace("{name}", name)
                                + world.phrases().stop());
    }

    private String glossaryEntry(Random random) {
        NamePair pair = pick(random, glossary);
        String wording = pick(random, world.phrases().glossary());
        return wording.replace("{name}", pair.name()).replace("{english}", pair.english())
                + world.phrases().stop();
    }

    private String story(Random random) {
        String city = pick(random, cities);
        String otherCity = pick(random, cities);
        while (otherCity.equals(city)) {
            otherCity = pick(random, cities);
        }
        return pick(random, world.phrases().story())
                        .replace("{city}", city)
                        .replace("{other_city}", otherCity)
                        .replace("{date}", pick(random, fullDates))
                        .replace("{long_date}", pick(random, longDates))
                        .replace("{time}", pick(random, times))
                        .replace("{weekday}", pick(random, weekdays))
                        .replace("{number}", pick(random, numbers))
                        .replace("{currency}", pick(random, currencies))
                + world.phrases().stop();
    }

    /// Capitals; a language without them tells its stories of countries.
    private List<String> cities() {
        List<String> capitals = Country.all().stream()
                .flatMap(country -> country.capital(world.language()).stream())
                .toList();
        return capitals.isEmpty()
                ? Country.all().stream().map(world.names()::country).toList()
                : capitals;
    }

    private List<NamePair> namePairs() {
        List<NamePair> pairs = new ArrayList<>();
        for (Country country : Country.all()) {
            NamePair name =
                    new NamePair(world.names().country(country), english.names().country(country));
            pairs.addAll(Collections.nCopies(2, name));
            country.capital(world.language())
                    .map(capital -> new NamePair(capital, country.capital("en").orElseThrow()))
                    .ifPresent(pair -> pairs.addAll(Collections.nCopies(2, pair)));
        }
        world.answers().forEach((fact, answer) -> {
            if (fact.relation() != Relation.CAPITAL) {
                pairs.add(new NamePair(answer, english.answers().get(fact)));
            }
        });
        List<String> own = world.names().calendarNames();
        List<String> inEnglish = english.names().calendarNames();
        for (int i = 0; i < own.size(); i++) {
            pairs.add(new NamePair(own.get(i), inEnglish.get(i)));
        }
        return pairs;
    }

    private String join(List<String> sentences) {
        return String.join(world.phrases().separator(), sentences);
    }

    private static void repeat(Random random, int least, int most, Runnable action) {
        int times = least + random.nextInt(most - least + 1);
        for (int i = 0; i < times; i++) {
            action.run();
        }
    }

    private static <T> T pick(Random random, List<T> list) {
        return list.get(random.nextInt(list.size()));
    }
}
