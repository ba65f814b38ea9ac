package dev.vernacular.checkpoint;

/// The kinds of model this program opens; the name is for people.
public enum ModelFormat {
    NEMO(".nemo archive"),
    LIGHTNING("Lightning checkpoint"),
    HUGGING_FACE("Hugging Face folder"),
    GGUF("GGUF file");

    private final String title;

    ModelFormat(String title) {
        this.title = title;
    }

    @Override
    public String toString() {
        return title;
    }
}
