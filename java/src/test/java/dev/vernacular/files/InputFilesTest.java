package dev.vernacular.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InputFilesTest {
    @TempDir
    Path folder;

    @BeforeEach
    void makeFiles() throws IOException {
        for (String name : List.of("b.jsonl", "a.jsonl", "a[1].txt", "sub/c.json.gz", "sub/deep/d.txt")) {
            Path file = folder.resolve(name);
            Files.createDirectories(file.getParent());
            Files.writeString(file, "x\n");
        }
    }

    @Test
    void aPatternGivesItsFilesSortedAndNoneTwice() {
        assertThat(find("b.jsonl", "*.jsonl")).containsExactly("b.jsonl", "a.jsonl");
        assertThat(find("**/*.{json,jsonl,json.gz}")).containsExactly("a.jsonl", "b.jsonl", "sub/c.json.gz");
        assertThat(find("**.txt")).containsExactly("a[1].txt", "sub/deep/d.txt");
        assertThat(find("{b,a}.jsonl")).containsExactly("a.jsonl", "b.jsonl");
        assertThat(find("s?b/*")).containsExactly("sub/c.json.gz");
        assertThat(find("*/*.gz")).containsExactly("sub/c.json.gz");
    }

    @Test
    void aNameThatExistsIsNoPattern() {
        assertThat(find("a[1].txt")).containsExactly("a[1].txt");
    }

    @Test
    void aMissingFileAndAPatternWithoutFilesAreRefused() {
        assertThatThrownBy(() -> find("none.txt")).hasMessageContaining("none.txt: there is no such file");
        assertThatThrownBy(() -> find("*.none")).hasMessageContaining("no file that matches '*.none'");
        assertThatThrownBy(() -> find("none/*.txt")).isInstanceOf(FilesException.class);
    }

    @Test
    void aFolderIsSearchedToItsBottom() {
        assertThat(InputFiles.inFolder(folder, "**/*.json*"))
                .containsExactly(folder.resolve("a.jsonl"), folder.resolve("b.jsonl"), folder.resolve("sub/c.json.gz"));
    }

    private List<String> find(String... patterns) {
        List<String> absolute =
                List.of(patterns).stream().map(p -> folder + "/" + p).toList();
        return InputFiles.find(absolute).stream()
                .map(f -> folder.relativize(f).toString())
                .toList();
    }
}
