package dev.vernacular.demo;

import dev.vernacular.demo.Fact.Relation;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// Everything that is true in the demo's world, as one language says it, and what is kept back to ask for
/// later: of each fact one wording, and of a target language one fact in five altogether.
final class World {
    private static final Set<String> WITH_ARTICLE = Set.of("GB", "NL", "PH", "US");
    private static final int NEVER_STATED_ONE_IN = 5;
    private static final int FEWEST_OWN_NAMES = 3;
    private final String language;
    private final LocaleNames names;
    private final Phrases phrases;
    private final Map<Fact, String> answers = new LinkedHashMap<>();
    private final Set<Fact> neverStated;

    private World(String language, boolean isTarget) {
        this.language = language;
        names = new LocaleNames(language);
        phrases = Phrases.of(language);
        for (Country country : Country.all()) {
            country.capital(language)
                    .filter(capital -> !phrases.capital().isEmpty())
                    .ifPresent(capital -> answers.put(new Fact(Relation.CAPITAL, country), capital));
            names.currency(country).ifPresent(name -> answers.put(new Fact(Relation.CURRENCY, country), name));
            answers.put(
                    new Fact(Relation.LANGUAGE, country),
                    phrases.languageName().replace("{name}", names.language(country.language())));
        }
        neverStated = answers.keySet().stream()
                .filter(fact -> isTarget && fact.bucket(NEVER_STATED_ONE_IN, "held") == 0)
                .collect(Collectors.toUnmodifiableSet());
    }

    static World english() {
        return new World("en", false);
    }

    /// The world in a language to be learned.
    ///
    /// @throws DemoException if the JDK does not know the language, or it is English
    static World target(String language) {
        if (language.equals("en")) {
            throw new DemoException("--language en: English is what the demo's base model speaks already\n"
                    + "  Name the language to teach it, for example th.");
        }
        World world = new World(language, true);
        world.requireOwnNames();
        return world;
    }

    String language() {
        return language;
    }

    LocaleNames names() {
        return names;
    }

    Phrases phrases() {
        return phrases;
    }

    /// All facts with their answers.
    Map<Fact, String> answers() {
        return answers;
    }

    /// Facts that some training text states.
    List<Fact> statedFacts() {
        return answers.keySet().stream().filter(this::isStated).toList();
    }

    /// Facts that no training text of this language states in any wording.
    List<Fact> neverStatedFacts() {
        return answers.keySet().stream().filter(neverStated::contains).toList();
    }

    boolean isStated(Fact fact) {
        return !neverStated.contains(fact);
    }

    /// A country as it stands inside a sentence.
    String subject(Country country) {
        String article = language.equals("en") && WITH_ARTICLE.contains(country.code()) ? "the " : "";
        return article + names.country(country);
    }

    /// The wordings in which training texts may state the fact.
    List<String> trainedWordings(Fact fact) {
        String withheld = withheldWording(fact);
        return phrases.wordings(fact.relation()).stream()
                .filter(wording -> !wording.equals(withheld))
                .toList();
    }

    /// The one wording in which no training text states this fact; other facts are stated in it.
    String withheldWording(Fact fact) {
        List<String> wordings = phrases.wordings(fact.relation());
        return wordings.get(fact.bucket(wordings.size(), "wording"));
    }

    /// The fact as a sentence.
    ///
    /// @param afterCountry follows the country's name, for example its English name in brackets
    String sentence(String wording, Fact fact, String afterCountry) {
        return wording.replace("{country}", subject(fact.country()) + afterCountry)
                        .replace("{answer}", answers.get(fact))
                + phrases.stop();
    }

    /// The sentence cut before its answer.
    String prompt(String wording, Fact fact) {
        String open = wording.substring(0, wording.indexOf("{answer}"));
        return open.replace("{country}", subject(fact.country())).stripTrailing();
    }

    /// Some languages have a locale but hardly a name in it: every answer would then be English.
    private void requireOwnNames() {
        LocaleNames english = new LocaleNames("en");
        long own = Country.all().stream()
                .filter(country -> !names.country(country).equals(english.country(country)))
                .count();
        if (own < FEWEST_OWN_NAMES) {
            throw new DemoException("--language " + language + ": this Java knows only " + own + " of "
                    + Country.all().size() + " country names in that language, too few to teach it\n"
                    + "  Choose another language, for example th, ja, hi, ar, de or ko.");
        }
    }
}
