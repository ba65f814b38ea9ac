/// Every reader of a file that strangers make, fed with thousands of damaged copies of small valid files
/// ([Mutant]) and with files made by hand to do harm (`Hostile…Test`). Whatever comes, it is read, or refused
/// with a message for a person: see [Reading].
///
/// Seeds are fixed. Others, and other numbers of files, are asked for with
/// `mvn -Dvernacular.excluded.tags=none -Dtest='*FuzzTest' -Dvernacular.fuzz.seed=7 -Djqwik.tries.default=100000 test`.
package dev.vernacular.checkpoint.fuzz;
