package dev.vernacular.checkpoint.fuzz;

import java.util.List;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;

@Tag("slow")
class NemoFuzzTest extends FuzzTest {
    @Property(seed = "1")
    void aTarIsReadOrRefused(@ForAll("tars") Mutant mutant) {
        checkModel(write("fuzzed.nemo", mutant.bytes()), "fuzzed.nemo");
    }

    @Provide
    Arbitrary<Mutant> tars() {
        byte[] legacy = Templates.golden("checkpoint/legacy.nemo");
        return Mutant.of(List.of(
                Template.whole("legacy.nemo", legacy),
                Template.whole("tp2.nemo", Templates.golden("checkpoint/tp2.nemo")),
                Templates.tarHeaders("headers of legacy.nemo", legacy),
                Templates.nemo("inside of legacy.nemo", legacy)));
    }

    @Property(seed = "2")
    void aGzippedTarIsReadOrRefused(@ForAll("gzips") Mutant mutant) {
        checkModel(write("fuzzed.nemo", mutant.bytes()), "fuzzed.nemo");
    }

    @Provide
    Arbitrary<Mutant> gzips() {
        byte[] legacy = Templates.golden("checkpoint/legacy.nemo");
        byte[] packed = Templates.golden("checkpoint/gzip-old-config.nemo");
        return Mutant.of(List.of(
                Template.whole("gzip-old-config.nemo", packed),
                Template.whole("gzipped legacy.nemo", Templates.gzip(legacy)),
                Templates.tarHeaders("gzipped headers of legacy.nemo", legacy)
                        .inside("gzipped headers of legacy.nemo", Templates::gzip)));
    }

    @Property(seed = "3")
    void anUnpackedFoldersConfigurationIsReadOrRefused(@ForAll("configurations") Mutant mutant) {
        for (Templates.Member member : Templates.tarMembers(Templates.golden("checkpoint/legacy.nemo"))) {
            if (!java.nio.file.Files.exists(file("unpacked/" + member.name()))) {
                write("unpacked/" + member.name(), member.bytes());
            }
        }
        write("unpacked/model_config.yaml", mutant.bytes());

        checkModel(file("unpacked"), "unpacked");
    }

    @Provide
    Arbitrary<Mutant> configurations() {
        return Mutant.of(Templates.tarMembers(Templates.golden("checkpoint/legacy.nemo")).stream()
                .filter(member -> member.name().endsWith("model_config.yaml"))
                .map(member -> Template.text("model_config.yaml", member.bytes()))
                .toList());
    }
}
