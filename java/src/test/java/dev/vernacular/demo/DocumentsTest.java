package dev.vernacular.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DocumentsTest {
    private static final int DOCUMENTS = 2000;

    @Test
    void theSameSeedGivesTheSameDocuments() {
        World english = World.english();

        List<String> first = new Documents(english, english).training(300, 1);
        List<String> second = new Documents(english, english).training(300, 1);

        assertThat(first).isEqualTo(second);
    }

    @ParameterizedTest
    @ValueSource(strings = {"th", "ja", "hi", "ar", "de", "ko"})
    void noTrainingDocumentHoldsAFactInItsWithheldWording(String language) {
        World world = World.target(language);
        Documents documents = new Documents(world, World.english());

        String corpus = String.join("\n", documents.training(DOCUMENTS, 2));

        assertThat(documents.newSentences()).noneMatch(corpus::contains);
    }

    @ParameterizedTest
    @ValueSource(strings = {"th", "ja", "ko"})
    void neverStatedFactsAreStatedInNoWording(String language) {
        World world = World.target(language);

        String corpus = String.join("\n", new Documents(world, World.english()).training(DOCUMENTS, 2));

        assertThat(world.neverStatedFacts())
                .isNotEmpty()
                .allSatisfy(fact -> assertThat(world.phrases().wordings(fact.relation()))
                        .noneMatch(wording -> corpus.contains(world.sentence(wording, fact, ""))));
    }

    @Test
    void everyStatedFactOccursInTraining() {
        World world = World.target("th");

        String corpus = String.join("\n", new Documents(world, World.english()).training(DOCUMENTS, 2));

        assertThat(world.statedFacts())
                .allSatisfy(fact -> assertThat(world.trainedWordings(fact))
                        .anyMatch(wording -> corpus.contains(world.sentence(wording, fact, ""))));
    }

    @Test
    void heldOutDocumentsAreInNoTrainingCorpus() {
        World english = World.english();
        Documents documents = new Documents(english, english);
        List<String> training = documents.training(DOCUMENTS, 1);

        List<String> heldOut = documents.heldOut(100, 99, training);

        assertThat(heldOut).hasSize(100).doesNotContainAnyElementsOf(training);
    }

    @Test
    void aPromptIsTheSentenceBeforeItsAnswer() {
        World world = World.english();
        Fact fact = world.statedFacts().getFirst();
        String wording = world.trainedWordings(fact).getFirst();

        String prompt = world.prompt(wording, fact);

        assertThat(world.sentence(wording, fact, ""))
                .isEqualTo(prompt + " " + world.answers().get(fact) + ".");
    }

    @Test
    void aLanguageThatJavaDoesNotKnowIsRefused() {
        assertThatThrownBy(() -> World.target("zz"))
                .isInstanceOf(DemoException.class)
                .hasMessageContaining("--language zz");
    }

    @Test
    void aLanguageWithoutNamesOfItsOwnIsRefused() {
        assertThatThrownBy(() -> World.target("rw"))
                .isInstanceOf(DemoException.class)
                .hasMessageContaining("country names");
    }
}
