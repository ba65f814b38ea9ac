package dev.vernacular.demo;

import dev.vernacular.demo.Fact.Relation;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/// Asks a model for facts in three ways that measure different things and are never mixed in one number: in a
/// wording it was trained on, in the wording that was withheld for this fact, and facts that its language never
/// stated.
final class FactQuiz {
    private final World world;

    FactQuiz(World world) {
        this.world = world;
    }

    /// @param correct of `asked`
    record Score(int asked, int correct) {
        double share() {
            return asked == 0 ? 0 : (double) correct / asked;
        }
    }

    /// @param neverStated asked in a trained wording, of facts of which no text in this language told; with
    ///                    what chance gives: the share that is right when every question is answered with the
    ///                    commonest answer
    record Result(Score trainedWording, Score newWording, Score neverStated, double chance) {}

    /// @param complete continues each prompt greedily to the end of its text
    Result ask(Function<List<String>, List<String>> complete) {
        List<Fact> stated = world.statedFacts();
        List<Fact> never = world.neverStatedFacts();
        return new Result(
                score(stated, fact -> world.trainedWordings(fact).getFirst(), complete),
                score(stated, world::withheldWording, complete),
                score(never, fact -> world.trainedWordings(fact).getFirst(), complete),
                chance(never));
    }

    private Score score(
            List<Fact> facts, Function<Fact, String> wording, Function<List<String>, List<String>> complete) {
        List<String> prompts = facts.stream()
                .map(fact -> world.prompt(wording.apply(fact), fact))
                .toList();
        List<String> completions = complete.apply(prompts);
        int correct = 0;
        for (int i = 0; i < facts.size(); i++) {
            if (answers(completions.get(i), world.answers().get(facts.get(i)))) {
                correct++;
            }
        }
        return new Score(facts.size(), correct);
    }

    /// Whether a completion begins with the answer as a whole word: "Peru" is not "Peruvian Sol".
    static boolean answers(String completion, String answer) {
        String text = completion.stripLeading();
        if (!text.startsWith(answer)) {
            return false;
        }
        String rest = text.substring(answer.length());
        if (rest.isEmpty()) {
            return true;
        }
        int next = rest.codePointAt(0);
        return !Character.isLetter(next) && !isMark(next) && next != '-';
    }

    private static boolean isMark(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.NON_SPACING_MARK, Character.COMBINING_SPACING_MARK, Character.ENCLOSING_MARK -> true;
            default -> false;
        };
    }

    private double chance(List<Fact> asked) {
        if (asked.isEmpty()) {
            return 0;
        }
        Map<Relation, String> commonest = new HashMap<>();
        for (Relation relation : Relation.values()) {
            Map<String, Integer> counts = new HashMap<>();
            world.statedFacts().stream()
                    .filter(fact -> fact.relation() == relation)
                    .forEach(fact -> counts.merge(world.answers().get(fact), 1, Integer::sum));
            counts.entrySet().stream()
                    .max(Map.Entry.<String, Integer>comparingByValue().thenComparing(Map.Entry.comparingByKey()))
                    .ifPresent(entry -> commonest.put(relation, entry.getKey()));
        }
        long right = asked.stream()
                .filter(fact -> world.answers().get(fact).equals(commonest.get(fact.relation())))
                .count();
        return (double) right / asked.size();
    }
}
