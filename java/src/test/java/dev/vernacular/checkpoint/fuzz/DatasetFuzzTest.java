package dev.vernacular.checkpoint.fuzz;

import dev.vernacular.data.IndexedDataset;
import java.util.List;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;

@Tag("slow")
class DatasetFuzzTest extends FuzzTest {
    @Property(seed = "13")
    void anIndexIsReadOrRefused(@ForAll("indices") Mutant mutant) {
        String name = mutant.template().name();
        write("fuzzed.idx", mutant.bytes());
        write("fuzzed.bin", Templates.golden("data/" + name.replace(".idx", ".bin")));

        check(this::readAll, "fuzzed.idx", "fuzzed.bin");
    }

    private void readAll() {
        try (IndexedDataset dataset = IndexedDataset.open(file("fuzzed"))) {
            for (long sequence = 0; sequence < dataset.sequences(); sequence++) {
                dataset.read(sequence);
            }
        }
    }

    @Provide
    Arbitrary<Mutant> indices() {
        return Mutant.of(List.of(
                index("corpus_text_document.idx"),
                index("int32_text_document.idx"),
                index("uint16_text_document.idx")));
    }

    private static Template index(String name) {
        return Template.whole(name, Templates.golden("data/" + name));
    }
}
