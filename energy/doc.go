// Package energy is the vocabulary of measurements and predictions: units, GPUs and records.
//
//   - Units ([Joules], [Watts], [Seconds] …) are float64 types in SI base units. A conversion happens once, where a
//     number enters the program, and a unit is printed by its String method.
//   - A [Device] is one row of the table of GPUs: what its maker publishes about it. [LookupDevice] finds a row by its
//     id or by the name its driver reports.
//   - A [Record] is one measurement, written as one line of JSON. It says by itself on what, with what and how it was
//     taken, so that a file of records can be trained on anywhere. [ReadRecords] and [WriteRecord] are its two ends.
//
// What was not measured or not published is absent (nil, or not in a list), never zero.
//
// Element types are plain strings, spelled "float32", "float16", "bfloat16", "int8", "float8e4m3fn" and so on.
package energy
