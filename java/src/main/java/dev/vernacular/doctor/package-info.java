/// What this machine has and what the program makes of it: Java, processor, memory, native libraries, GPU. Each
/// class looks at one thing below a given root folder, so that tests can show it another machine.
package dev.vernacular.doctor;
