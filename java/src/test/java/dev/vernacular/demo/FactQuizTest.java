package dev.vernacular.demo;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FactQuizTest {
    @Test
    void anAnswerMayBeFollowedByAStopOrASpace() {
        assertThat(FactQuiz.answers(" Lima. The currency", "Lima")).isTrue();
        assertThat(FactQuiz.answers("โตเกียว ประเทศ", "โตเกียว")).isTrue();
        assertThat(FactQuiz.answers("Lima", "Lima")).isTrue();
    }

    @Test
    void anAnswerThatGoesOnIsAnotherWord() {
        assertThat(FactQuiz.answers("Indonesian Rupiah", "Indo")).isFalse();
        assertThat(FactQuiz.answers("ลาวา", "ลาว")).isFalse();
        assertThat(FactQuiz.answers("กา\u0E49ว", "กา")).isFalse();
    }

    @Test
    void aModelThatKnowsAllAnswersScoresAll() {
        World world = World.target("de");
        FactQuiz quiz = new FactQuiz(world);

        FactQuiz.Result result = quiz.ask(prompts -> prompts.stream()
                .map(prompt -> world.answers().entrySet().stream()
                        .filter(entry -> world.phrases().wordings(entry.getKey().relation()).stream()
                                .anyMatch(wording ->
                                        world.prompt(wording, entry.getKey()).equals(prompt)))
                        .findFirst()
                        .orElseThrow()
                        .getValue())
                .toList());

        assertThat(result.trainedWording().share()).isEqualTo(1);
        assertThat(result.newWording().share()).isEqualTo(1);
        assertThat(result.neverStated().share()).isEqualTo(1);
    }

    @Test
    void chanceIsTheShareOfTheCommonestAnswers() {
        FactQuiz.Result result = new FactQuiz(World.target("th"))
                .ask(prompts -> prompts.stream().map(prompt -> "").toList());

        assertThat(result.chance()).isBetween(0.01, 0.3);
        assertThat(result.neverStated().correct()).isZero();
    }
}
