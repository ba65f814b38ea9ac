package dev.vernacular.checkpoint.fuzz;

import dev.vernacular.checkpoint.pickle.Global;
import dev.vernacular.checkpoint.pickle.PickleReader;
import dev.vernacular.checkpoint.pickle.PythonTypes;
import dev.vernacular.checkpoint.pickle.Reconstructor;
import dev.vernacular.checkpoint.torch.TorchFile;
import dev.vernacular.config.RunConfig;
import dev.vernacular.train.store.RunCheckpoint;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;

@Tag("slow")
class TorchFuzzTest extends FuzzTest {
    private static final String NAME = "fuzzed-step=3-last.ckpt";
    private static final String LIGHTNING = "checkpoint/lightning/checkpoints/step=3-last.ckpt";
    private static final String RUN =
            "train/lightning/checkpoints/" + "megatron_gpt--val_loss=6.20-step=3-consumed_samples=6.0-last.ckpt";

    /// Storages are names only.
    private static final Reconstructor WITHOUT_STORAGES = new Reconstructor() {
        @Override
        public Optional<Object> call(Global function, List<Object> arguments) {
            return PythonTypes.call(function, arguments);
        }

        @Override
        public Object persistent(Object id) {
            return "storage";
        }
    };

    @Property(seed = "4")
    void aPickleIsReadOrRefused(@ForAll("pickles") Mutant mutant) {
        check(() -> PickleReader.read(mutant.bytes(), "fuzzed.pkl", WITHOUT_STORAGES), "fuzzed.pkl");
    }

    @Provide
    Arbitrary<Mutant> pickles() {
        return Mutant.of(List.of(pickle(LIGHTNING), pickle(RUN)));
    }

    private static Template pickle(String golden) {
        return Templates.zipMembers(Templates.golden(golden)).stream()
                .filter(member -> member.name().endsWith("data.pkl"))
                .map(member -> Template.whole("pickle of " + golden, member.bytes()))
                .findFirst()
                .orElseThrow();
    }

    @Property(seed = "5")
    void aTorchFileIsReadOrRefused(@ForAll("zips") Mutant mutant) {
        Path file = write(NAME, mutant.bytes());
        check(
                () -> {
                    try (TorchFile torch = TorchFile.open(file)) {
                        torch.requirePlainData().requireWhole().dictionary();
                    }
                },
                NAME);
    }

    @Provide
    Arbitrary<Mutant> zips() {
        byte[] weights = Templates.tarMembers(Templates.golden("checkpoint/legacy.nemo")).stream()
                .filter(member -> member.name().endsWith("model_weights.ckpt"))
                .findFirst()
                .orElseThrow()
                .bytes();
        return Mutant.of(List.of(
                Template.whole("model_weights.ckpt", weights),
                Templates.torch("inside of model_weights.ckpt", weights)));
    }

    /// The configuration is inside.
    @Property(seed = "6")
    void aCheckpointIsReadOrRefusedAsAModelAndAsARun(@ForAll("checkpoints") Mutant mutant) {
        Path file = write(NAME, mutant.bytes());
        checkModel(file, NAME);
        check(
                () -> {
                    try (RunCheckpoint run = RunCheckpoint.open(file)) {
                        run.state(List.of("a"), new RunConfig.Scaling(1, 1, 1));
                    }
                },
                NAME);
    }

    @Provide
    Arbitrary<Mutant> checkpoints() {
        byte[] lightning = Templates.golden(LIGHTNING);
        return Mutant.of(
                List.of(Template.whole("lightning", lightning), Templates.torch("inside of lightning", lightning)));
    }
}
