package dev.vernacular.checkpoint.fuzz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vernacular.VernacularException;
import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.checkpoint.pickle.PickledObject;
import dev.vernacular.checkpoint.torch.TorchFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Pickles that ask for code to be run, and small ones that ask for much memory or time.
class HostilePickleTest {
    private static final String NAME = "hostile.ckpt";

    @TempDir
    private Path folder;

    private Path file(PickleScript pickle) throws IOException {
        return Files.write(
                folder.resolve(NAME),
                new ZipBytes().add("archive/data.pkl", pickle.end()).bytes());
    }

    /// What `pickle` is refused with as weights; it may be read as any other file of torch.
    private Optional<VernacularException> asWeights(PickleScript pickle) throws IOException {
        Path file = file(pickle);
        return Reading.assertReadOrRefused(
                () -> {
                    try (TorchFile torch = TorchFile.open(file)) {
                        torch.requirePlainData().dictionary();
                    }
                },
                NAME);
    }

    private void assertRefused(PickleScript pickle, String words) throws IOException {
        assertThat(asWeights(pickle)).get().asString().contains(words);
    }

    @ParameterizedTest
    @CsvSource({
        "posix, system",
        "os, system",
        "nt, system",
        "subprocess, Popen",
        "builtins, eval",
        "builtins, exec",
        "builtins, getattr",
        "builtins, __import__",
        "__builtin__, eval",
        "runpy, _run_code",
        "torch, load",
        "torch.hub, load",
        "torch._utils, _import_dotted_name",
        "numpy.testing._private.utils, runstring",
        "collections, namedtuple",
        "_codecs, lookup",
        "functools, partial",
        "operator, attrgetter",
        "pickle, loads",
        "dev.vernacular.cli.Main, main",
        "'', ''"
    })
    void whatAGlobalNamesIsNeverRunAndHasNoPlaceAmongWeights(String module, String name) throws IOException {
        Path marker = folder.resolve("was-run");
        String command = "touch " + marker;
        PickleScript reduced = new PickleScript().operations("}").text("w");
        reduced.global(module, name).text(command).operations("\u0085Rs");
        PickleScript stacked = new PickleScript().operations("}").text("w");
        stacked.text(module).text(name).operations("\u0093").text(command).operations("\u0085Rs");
        PickleScript made = new PickleScript().operations("}").text("w");
        made.global(module, name)
                .text(command)
                .operations("\u0085}\u0092")
                .operations("}b")
                .operations("s");

        for (PickleScript pickle : new PickleScript[] {reduced, stacked, made}) {
            assertRefused(pickle, module + "." + name);
            try (TorchFile inert = TorchFile.open(folder.resolve(NAME))) {
                assertThat(inert.dictionary().get("w")).isInstanceOf(PickledObject.class);
            }
        }
        assertThat(marker).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(strings = {"(iposix\nsystem\n", "(cposix\nsystem\no", "\u0082\u0001", "\u0083\u0001\u0002", "Pid\n"})
    void olderWaysToCallAreNoOperations(String operations) throws IOException {
        assertRefused(new PickleScript().operations(operations), "none of protocols 2 to 5");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"}q\0h\0", "}q\0X\1\0\0\0ah\0s", "}X\1\0\0\0a]q\0h\0ass0", "}X\1\0\0\0a]q\1(h\1\u0085q\2aeh\2as"
            })
    void dataThatHoldsItselfIsLookedThroughOnce(String operations) throws IOException {
        asWeights(new PickleScript().operations(operations));
    }

    @Test
    void listsOfListsOfListsCostNothingUntilTheyAreCopied() throws IOException {
        PickleScript laughs = new PickleScript().operations("}").text("w").operations("]q\0");
        for (int level = 0; level < 60; level++) {
            laughs.operations("0](").repeat(10, "h\0").operations("eq\0");
        }

        assertThat(asWeights(laughs.operations("s"))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"}q\0X\1\0\0\0ah\0s", "}X\1\0\0\0a](K\1K\2eq\0"})
    void aConfigurationThatHoldsItselfOrDoublesIsRefused(String start) throws IOException {
        PickleScript doubling = new PickleScript()
                .operations("}")
                .text("hyper_parameters")
                .operations("}")
                .text("cfg");
        doubling.operations(start);
        if (start.contains("](")) {
            doubling.repeat(40, "0](h\0h\0eq\0").operations("s");
        }
        doubling.operations("ss");
        Path file = file(doubling);

        assertThat(Reading.assertReadOrRefused(() -> ModelFile.open(file).close(), NAME))
                .get()
                .asString()
                .contains("hyper_parameters", "unfolds");
    }

    @Test
    void megatronsDictionariesThatStandInManyPlacesAreRefused() throws IOException {
        PickleScript wide = new PickleScript().operations("}").text("model").operations("}q\0");
        for (int level = 0; level < 7; level++) {
            wide.operations("0}(");
            for (int i = 0; i < 100; i++) {
                wide.text("k" + i).operations("h\0");
            }
            wide.operations("uq\0");
        }
        Path file = file(wide.operations("s"));
        Files.writeString(folder.resolve("hparams.yaml"), "cfg: {num_layers: 1}");

        assertThat(Reading.assertReadOrRefused(() -> ModelFile.open(file).close(), NAME))
                .get()
                .asString()
                .contains("other places");
    }

    @Test
    void aTextThatIsCopiedAgainAndAgainIsRefused() throws IOException {
        PickleScript bomb = new PickleScript();
        bomb.text("latin1").operations("q\1").text("x".repeat(1 << 20)).operations("q\0");
        bomb.global("_codecs", "encode").operations("q\2(");

        assertRefused(bomb.repeat(100_000, "h\2h\0h\1\u0086R").operations("t"), "again and again");
    }

    @ParameterizedTest
    @CsvSource({"builtins, list", "builtins, tuple", "builtins, set", "builtins, frozenset", "torch, Size"})
    void aListThatIsCopiedAgainAndAgainIsRefused(String module, String name) throws IOException {
        PickleScript bomb =
                new PickleScript().operations("](").repeat(200_000, "K\1").operations("eq\0");
        bomb.global(module, name).operations("q\1(");

        assertRefused(bomb.repeat(100_000, "h\1h\0\u0085R").operations("t"), "again and again");
    }

    @Test
    void aDictionaryThatIsCopiedAgainAndAgainIsRefused() throws IOException {
        PickleScript bomb = new PickleScript().operations("}(");
        for (int i = 0; i < 50_000; i++) {
            bomb.operations("J" + (char) (i & 0xff) + (char) (i >> 8) + "\0\0N");
        }
        bomb.operations("uq\0").global("collections", "OrderedDict").operations("q\1(");

        assertRefused(bomb.repeat(100_000, "h\1h\0\u0085R").operations("t"), "again and again");
    }

    @Test
    void keysWithOneHashAreRefusedWhenTheyAreMany() throws IOException {
        PickleScript tuples = new PickleScript().operations("}(");
        PickleScript classes = new PickleScript().operations("}(");
        for (int i = 0; i < 5_000; i++) {
            // (a, b) has the hash 31 * (31 + a) + b: all of these are alike.
            tuples.number(i).number(-31L * i & 0xffffffffL).operations("\u0086N");
            classes.global("m", sameHash(i)).operations("N");
        }

        assertRefused(tuples.operations("u"), "neither text nor small numbers");
        assertRefused(classes.operations("u"), "neither text nor small numbers");
    }

    /// Of 17 pairs, each `Aa` or `BB`, which Java hashes alike.
    private static String sameHash(int number) {
        StringBuilder text = new StringBuilder();
        for (int bit = 0; bit < 17; bit++) {
            text.append((number >> bit & 1) == 0 ? "Aa" : "BB");
        }
        return text.toString();
    }

    @Test
    void textsWithOneHashAreSlowForNobody() throws IOException {
        PickleScript texts = new PickleScript().operations("}(");
        for (int i = 0; i < 50_000; i++) {
            texts.text(sameHash(i)).operations("N");
        }

        assertThat(asWeights(texts.operations("u"))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"]", "}", "\u008f", ")", "K\1", "]\u0094", "(", "N\u0094"})
    void millionsOfSmallThingsAreRefused(String operation) throws IOException {
        Path file = file(new PickleScript().repeat(2_000_001, operation));

        assertThatThrownBy(() -> TorchFile.open(file).close())
                .isInstanceOf(VernacularException.class)
                .hasMessageContaining("more than 2000000 operations")
                .hasMessageContaining(NAME);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "X\u00ff\u00ff\u00ff\u00ff",
                "\u008d\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u007f",
                "\u008d\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff",
                "B\u00ff\u00ff\u00ff\u007f",
                "\u008e\0\0\0\0\0\0\0\u0080",
                "\u0096\u00ff\u00ff\u00ff\u00ff\0\0\0\0",
                "\u008b\u00ff\u00ff\u00ff\u00ff",
                "\u0095\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u007f",
                "T\u00fe\u00ff\u00ff\u00ff",
                "\u008a\u00ff"
            })
    void aLengthBeyondTheFileIsRefusedWithItsPlace(String operations) throws IOException {
        assertRefused(new PickleScript().operations(operations), "of the pickle");
    }

    @Test
    void aValueThatWasNeverStoredIsNotRecalled() throws IOException {
        assertRefused(new PickleScript().operations("j\u00ff\u00ff\u00ff\u00ff"), "4294967295 is recalled");
    }

    @Test
    void aKeyThatIsTextOnlyHereDoesNotHideAClass() throws IOException {
        PickleScript hidden =
                new PickleScript().operations("}").text("a_extra_state.b").global("os", "system");

        assertRefused(hidden.operations("s"), "os.system");
    }
}
