package dev.vernacular;

/// A failure with a message for a person: what happened with the actual values, where (file, key, tensor,
/// step), and what to do. `cli` prints the message alone and exits with [#exitStatus()].
public class VernacularException extends RuntimeException {
    private static final long serialVersionUID = 1;
    private static final int LONGEST_START = 1500;
    private static final int LONGEST_END = 500;

    public VernacularException(String message) {
        super(readable(message));
    }

    public VernacularException(String message, Throwable cause) {
        super(readable(message), cause);
    }

    /// Messages quote files, which can hold anything: control characters, which terminals obey, are spelled
    /// (`\x1b`), and what is too long to read loses its middle.
    private static String readable(String message) {
        StringBuilder spelled = new StringBuilder();
        shortened(message).chars().forEach(character -> {
            if (Character.isISOControl(character) && character != '\n') {
                spelled.append("\\x%02x".formatted(character));
            } else {
                spelled.append((char) character);
            }
        });
        return shortened(spelled.toString());
    }

    private static String shortened(String message) {
        int end = message.length() - LONGEST_END;
        return end <= LONGEST_START ? message : message.substring(0, LONGEST_START) + " … " + message.substring(end);
    }

    /// 2: wrong usage or bad input, which the user can mend. Subclasses for failures while running return 1.
    public int exitStatus() {
        return 2;
    }
}
