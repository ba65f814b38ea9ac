package dev.vernacular.checkpoint.fuzz;

import dev.vernacular.tokenizer.Tokenizer;
import java.util.List;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;

@Tag("slow")
class TokenizerFuzzTest extends FuzzTest {
    private static final String GOLDEN = "checkpoint/hf/";
    private static final byte[] MERGES =
            "#version: 0.2\na b\nab c\nĠ a\n".getBytes(java.nio.charset.StandardCharsets.UTF_8);

    @Property(seed = "10")
    void aVocabularyAndItsMergesAreReadOrRefused(@ForAll("pairs") Mutant mutant) {
        byte[] bytes = mutant.bytes();
        boolean isVocabulary = mutant.template().name().equals("vocab.json");
        write("vocab.json", isVocabulary ? bytes : Templates.golden(GOLDEN + "vocab.json"));
        write("merges.txt", isVocabulary ? Templates.golden(GOLDEN + "merges.txt") : bytes);

        check(() -> Reading.use(Tokenizer.load(file(""))), "vocab.json", "merges.txt");
    }

    @Provide
    Arbitrary<Mutant> pairs() {
        return Mutant.of(List.of(
                Template.text("vocab.json", Templates.golden(GOLDEN + "vocab.json")),
                Template.text("merges.txt", Templates.golden(GOLDEN + "merges.txt"))));
    }

    @Property(seed = "11")
    void aTokenizerJsonIsReadOrRefused(@ForAll("json") Mutant mutant) {
        write("json/tokenizer.json", mutant.bytes());

        check(() -> Reading.use(Tokenizer.load(file("json"))), "tokenizer.json");
    }

    @Provide
    Arbitrary<Mutant> json() {
        return Mutant.of(List.of(Template.text("tokenizer.json", Templates.golden(GOLDEN + "tokenizer.json"))));
    }
}
