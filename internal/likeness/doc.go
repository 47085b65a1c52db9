// Package likeness proves that a driver cannot be told from another by what a
// program sees of it.
//
// [Run] takes a database through a long script and writes everything down that
// a program can see: values with their Go types, texts and identities of
// errors, column types, counts, and what reached the driver underneath. Two
// transcripts, one of a bare driver and one of the same driver wrapped, must
// be equal; [Compare] names each line in which they are not, apart from the
// differences that an explicit list allows, each with its reason.
//
// The same script runs over fakes of every shape that real drivers have and
// over the real servers.
package likeness
