/// The demo's world: a bilingual corpus made from what the JDK knows (CLDR names of countries, languages,
/// currencies, dates, times and numbers) and a small table of capitals, with the questions that measure what
/// was learned.
package dev.vernacular.demo;
