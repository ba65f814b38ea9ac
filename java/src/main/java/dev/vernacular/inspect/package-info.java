/// What a model, a dataset, a tokenizer or a run folder is, as facts by name: maps of text, numbers, lists and
/// maps that read as JSON. Nothing is loaded that the facts do not need.
package dev.vernacular.inspect;
