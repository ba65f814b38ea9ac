package dev.vernacular.checkpoint.fuzz;

import java.util.List;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;

@Tag("slow")
class GgufFuzzTest extends FuzzTest {
    @Property(seed = "12")
    void aGgufFileIsReadOrRefused(@ForAll("files") Mutant mutant) {
        checkModel(write("fuzzed.gguf", mutant.bytes()), "fuzzed.gguf");
    }

    @Provide
    Arbitrary<Mutant> files() {
        byte[] file = Templates.golden("checkpoint/legacy.gguf");
        return Mutant.of(List.of(Template.whole("legacy.gguf", file), GgufParts.of("keys of legacy.gguf", file)));
    }
}
