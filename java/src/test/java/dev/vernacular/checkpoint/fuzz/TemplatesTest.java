package dev.vernacular.checkpoint.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TemplatesTest {
    @Test
    void aFileTakenApartAndPutTogetherIsStillRead() {
        byte[] legacy = Templates.golden("checkpoint/legacy.nemo");
        byte[] safetensors = Templates.golden("checkpoint/hf/model.safetensors");
        byte[] gguf = Templates.golden("checkpoint/legacy.gguf");

        assertThat(Templates.tarHeaders("a", legacy).valid()).isEqualTo(legacy);
        assertThat(Templates.safetensors("a", safetensors).valid()).isEqualTo(safetensors);
        assertThat(GgufParts.of("a", gguf).valid()).isEqualTo(gguf);
        assertThat(Templates.tarMembers(Templates.nemo("a", legacy).valid()))
                .hasSameSizeAs(Templates.tarMembers(legacy));
    }
}
