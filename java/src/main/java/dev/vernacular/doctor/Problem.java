package dev.vernacular.doctor;

/// Something that keeps the program from working, or from working well.
///
/// @param what what was found, with its values
/// @param next what to do about it
public record Problem(String what, String next) {}
