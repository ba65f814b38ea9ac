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

    @Property(seed = "10")
    void aVocabularyAndItsMergesAreReadOrRefused(@ForAll("pairs") Mutant mutant) {
        String changed = mutant.template().name();
        String other = changed.equals("vocab.json") ? "merges.txt" : "vocab.json";
        write("pair/" + changed, mutant.bytes());
        write("pair/" + other, Templates.golden(GOLDEN + other));

        check(() -> Reading.use(Tokenizer.load(file("pair"))), "vocab.json", "merges.txt");
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
