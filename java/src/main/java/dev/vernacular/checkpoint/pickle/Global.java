package dev.vernacular.checkpoint.pickle;

/// The name of a Python class or function, as a pickle refers to it. Only ever a name: nothing is looked up or
/// called.
public record Global(String module, String name) {
    @Override
    public String toString() {
        return module + "." + name;
    }
}
