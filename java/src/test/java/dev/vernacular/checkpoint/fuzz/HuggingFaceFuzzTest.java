package dev.vernacular.checkpoint.fuzz;

import java.nio.file.Files;
import java.util.List;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;

@Tag("slow")
class HuggingFaceFuzzTest extends FuzzTest {
    private static final List<String> FILES = List.of("config.json", "model.safetensors");

    private void fillFolder() {
        for (String name : FILES) {
            if (!Files.exists(file("model/" + name))) {
                write("model/" + name, Templates.golden("checkpoint/hf/" + name));
            }
        }
    }

    @Property(seed = "8")
    void safetensorsAreReadOrRefused(@ForAll("safetensors") Mutant mutant) {
        fillFolder();
        write("model/model.safetensors", mutant.bytes());

        checkModel(file("model"), "model.safetensors", file("model").toString());
    }

    @Provide
    Arbitrary<Mutant> safetensors() {
        byte[] file = Templates.golden("checkpoint/hf/model.safetensors");
        return Mutant.of(List.of(
                Template.whole("model.safetensors", file), Templates.safetensors("header of model.safetensors", file)));
    }

    @Property(seed = "9")
    void aConfigurationIsReadOrRefused(@ForAll("configurations") Mutant mutant) {
        fillFolder();
        write("model/config.json", mutant.bytes());

        checkModel(file("model"), "config.json", file("model").toString());
    }

    @Provide
    Arbitrary<Mutant> configurations() {
        return Mutant.of(List.of(Template.text("config.json", Templates.golden("checkpoint/hf/config.json"))));
    }
}
