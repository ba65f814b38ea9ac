package dev.vernacular.checkpoint.fuzz;

import dev.vernacular.config.ModelSection;
import dev.vernacular.config.Yaml;
import java.util.List;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;

@Tag("slow")
class NemoFuzzTest extends FuzzTest {
    @Property(seed = "1")
    void anArchiveIsReadOrRefused(@ForAll("archives") Mutant mutant) {
        checkModel(write("fuzzed.nemo", mutant.bytes()), "fuzzed.nemo");
    }

    @Provide
    Arbitrary<Mutant> archives() {
        byte[] legacy = Templates.golden("checkpoint/legacy.nemo");
        return Mutant.of(List.of(
                Template.whole("legacy.nemo", legacy),
                Template.whole("tp2.nemo", Templates.golden("checkpoint/tp2.nemo")),
                Templates.tarHeaders("headers of legacy.nemo", legacy),
                Templates.nemo("inside of legacy.nemo", legacy),
                Template.whole("gzip-old-config.nemo", Templates.golden("checkpoint/gzip-old-config.nemo")),
                Template.whole("gzipped legacy.nemo", Templates.gzip(legacy))));
    }

    @Property(seed = "2")
    void aConfigurationIsReadOrRefused(@ForAll("configurations") Mutant mutant) {
        String label = "model_config.yaml";
        check(() -> ModelSection.of(Yaml.parse(mutant.bytes(), label), label).gptConfig(384), label);
    }

    @Provide
    Arbitrary<Mutant> configurations() {
        return Mutant.of(Templates.tarMembers(Templates.golden("checkpoint/legacy.nemo")).stream()
                .filter(member -> member.name().endsWith("model_config.yaml"))
                .map(member -> Template.text("model_config.yaml", member.bytes()))
                .toList());
    }
}
